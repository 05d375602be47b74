package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// asked counts how often a key was asked for, and gives numbered ones.
type asked struct {
	n     atomic.Int32
	lasts time.Duration // of a key; zero: for ever
	err   error
}

func (a *asked) key(context.Context) (aliyun.Credentials, error) {
	n := a.n.Add(1)
	if a.err != nil {
		return aliyun.Credentials{}, a.err
	}
	c := aliyun.Credentials{AccessKeyID: fmt.Sprintf("STS.%d", n), AccessKeySecret: secret, SecurityToken: fmt.Sprintf("token-%d", n)}
	if a.lasts > 0 {
		c.Expires = time.Now().Add(a.lasts)
	}
	return c, nil
}

// signers is a transport that keeps whose key signed each call.
type signers struct {
	mu     sync.Mutex
	ids    []string
	status int
	body   string
}

func (s *signers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if err := verify(r.Method, form, secret); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.ids = append(s.ids, form.Get("AccessKeyId")+" "+form.Get("SecurityToken"))
	s.mu.Unlock()
	if s.status == 0 {
		return stub{status: 200, body: acceptedBody}.RoundTrip(r)
	}
	return stub{status: s.status, body: s.body}.RoundTrip(r)
}

func (s *signers) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids) == 0 {
		return ""
	}
	return s.ids[len(s.ids)-1]
}

func TestCredentials_areKeptUntilShortlyBeforeTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, calls := &asked{lasts: time.Hour}, &signers{}
		p := open(t, aliyun.Options{Credentials: a.key, Transport: calls})
		send := func(want string) {
			t.Helper()
			if _, err := p.Send(t.Context(), loginCode()); err != nil {
				t.Fatal(err)
			}
			if got := calls.last(); got != want {
				t.Errorf("signed by %q, want %q", got, want)
			}
		}
		send("STS.1 token-1")
		time.Sleep(57 * time.Minute) // the bubble's clock
		send("STS.1 token-1")
		time.Sleep(90 * time.Second)
		send("STS.2 token-2")
	})
}

func TestCredentials_withoutAnEndAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		p := open(t, aliyun.Options{Credentials: a.key, Transport: &signers{}})
		for range 3 {
			if _, err := p.Send(t.Context(), loginCode()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1000 * time.Hour)
		}
		if n := a.n.Load(); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
	})
}

func TestCredentials_refusedByTheVendorAreAskedForAnew(t *testing.T) {
	a, calls := &asked{}, &signers{status: 404, body: object("Code", "InvalidAccessKeyId.NotFound")}
	p := open(t, aliyun.Options{Credentials: a.key, Transport: calls})
	for want := range 2 {
		if _, err := p.Send(t.Context(), loginCode()); sms.ReasonOf(err) != sms.Unauthorized {
			t.Fatal(err)
		}
		if got := calls.last(); got != fmt.Sprintf("STS.%d token-%d", want+1, want+1) {
			t.Errorf("call %d was signed by %q", want+1, got)
		}
	}
}

func TestCredentials_outliveAFailureUntilTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, calls := &asked{lasts: time.Hour}, &signers{}
		p := open(t, aliyun.Options{Credentials: a.key, Transport: calls})
		if _, err := p.Send(t.Context(), loginCode()); err != nil {
			t.Fatal(err)
		}
		a.err = errors.New("no answer")
		time.Sleep(59 * time.Minute)
		if _, err := p.Send(t.Context(), loginCode()); err != nil {
			t.Errorf("a key that is good for another minute was not used: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := p.Send(t.Context(), loginCode()); sms.ReasonOf(err) != sms.Unavailable || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("an expired key and a failure: %v", err)
		}
	})
}

func TestCredentials_failures(t *testing.T) {
	boom := errors.New("the vault is sealed")
	for name, test := range map[string]struct {
		ask    func(context.Context) (aliyun.Credentials, error)
		reason sms.Reason
		is     error
	}{
		"an error": {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, boom }, sms.Unavailable, boom},
		"a Reason": {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, sms.Unauthorized }, sms.Unauthorized, sms.Unauthorized},
		"an *sms.Error": {func(context.Context) (aliyun.Credentials, error) {
			return aliyun.Credentials{}, &sms.Error{Reason: sms.Internal}
		}, sms.Internal, sms.Internal},
		"a context of its own ended":          {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, context.Canceled }, sms.Unavailable, sms.Unavailable},
		"a Canceled that is not the caller's": {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, sms.Canceled }, sms.Unavailable, sms.Unavailable},
		"no key":                              {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, nil }, sms.Unavailable, sms.Unavailable},
		"no secret":                           {func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{AccessKeyID: "a"}, nil }, sms.Unavailable, sms.Unavailable},
		"an expired key": {func(context.Context) (aliyun.Credentials, error) {
			return aliyun.Credentials{AccessKeyID: "a", AccessKeySecret: "b", Expires: time.Now().Add(-time.Minute)}, nil
		}, sms.Unavailable, sms.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			calls := &signers{}
			_, err := open(t, aliyun.Options{Credentials: test.ask, Transport: calls}).Send(t.Context(), loginCode())
			e := sms.AsError(err)
			if e == nil || e.Reason != test.reason || e.Outcome != sms.Rejected || e.Provider != "aliyun" || e.Key != "order-17" || e.Kind != sms.Verification {
				t.Errorf("%+v", e)
			}
			if !errors.Is(err, test.is) || errors.Is(err, context.Canceled) || errors.Is(err, sms.Canceled) {
				t.Errorf("%v: errors.Is is wrong", err)
			}
			if calls.last() != "" {
				t.Error("a call was made without a key")
			}
		})
	}
}

func TestCredentials_obeyTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := func(ctx context.Context) (aliyun.Credentials, error) {
			<-ctx.Done()
			return aliyun.Credentials{}, ctx.Err()
		}
		p := open(t, aliyun.Options{Credentials: stuck, Transport: &signers{}, Timeout: 3 * time.Second})
		began := time.Now()
		_, err := p.Send(t.Context(), loginCode())
		if sms.ReasonOf(err) != sms.Unavailable || errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("the provider's own time-out: %v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = p.Send(ctx, loginCode())
		if sms.ReasonOf(err) != sms.Canceled || sms.OutcomeOf(err) != sms.Rejected || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("the caller's: %v after %v", err, time.Since(began))
		}
	})
}

// Of many callers one asks. Where it leaves, another asks, and those who wait
// lose nothing by it.
func TestCredentials_areAskedForByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n, atOnce atomic.Int32
		ask := func(ctx context.Context) (aliyun.Credentials, error) {
			if atOnce.Add(1) > 1 {
				t.Error("two ask at once")
			}
			defer atOnce.Add(-1)
			n.Add(1)
			select {
			case <-ctx.Done():
				return aliyun.Credentials{}, ctx.Err()
			case <-time.After(2 * time.Second):
				return aliyun.Credentials{AccessKeyID: "STS.1", AccessKeySecret: secret, Expires: time.Now().Add(time.Hour)}, nil
			}
		}
		p := open(t, aliyun.Options{Credentials: ask, Transport: &signers{}})
		var callers sync.WaitGroup
		callers.Go(func() { // this one asks first, and leaves
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := p.Send(ctx, loginCode()); sms.ReasonOf(err) != sms.Canceled {
				t.Errorf("who has left got %v", err)
			}
		})
		synctest.Wait()
		for range 16 {
			callers.Go(func() {
				if _, err := p.Send(t.Context(), loginCode()); err != nil {
					t.Errorf("who waited got %v", err)
				}
			})
		}
		callers.Wait()
		if n.Load() != 2 {
			t.Errorf("asked %d times, want twice", n.Load())
		}
	})
}

func TestCredentials_failureIsSharedByThoseWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		ask := func(context.Context) (aliyun.Credentials, error) {
			n.Add(1)
			time.Sleep(time.Second) // the bubble's clock
			return aliyun.Credentials{}, errors.New("no answer")
		}
		p := open(t, aliyun.Options{Credentials: ask, Transport: &signers{}})
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				if _, err := p.Send(t.Context(), loginCode()); sms.ReasonOf(err) != sms.Unavailable {
					t.Errorf("got %v", err)
				}
			})
		}
		callers.Wait()
		if n.Load() != 1 {
			t.Errorf("asked %d times, want once", n.Load())
		}
	})
}

// A failing request of the caller's own for a key, such as one to STS or to a
// metadata service, shows no URL, which holds a key.
func TestCredentials_failureShowsNoURL(t *testing.T) {
	cause := errors.New("connection refused")
	p := open(t, aliyun.Options{Transport: &signers{}, Credentials: func(context.Context) (aliyun.Credentials, error) {
		return aliyun.Credentials{}, fmt.Errorf("assume role: %w", &url.Error{Op: "Get", URL: "https://sts.example/?AccessKeyId=LTAI&Signature=abc", Err: cause})
	}})
	_, err := p.Send(t.Context(), loginCode())
	text := fmt.Sprintf("%+v", err)
	if strings.Contains(text, "sts.example") || strings.Contains(text, "Signature") || !strings.Contains(text, "assume role: Get: connection refused") {
		t.Errorf("%s", text)
	}
	if _, ok := errors.AsType[*url.Error](err); ok || !errors.Is(err, cause) || sms.ReasonOf(err) != sms.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestCredentials_notAskedForAfterClose(t *testing.T) {
	for _, coalesce := range []bool{false, true} {
		a := &asked{}
		p := open(t, aliyun.Options{Credentials: a.key, Transport: &signers{}, Coalesce: coalesce})
		p.Close()
		for _, m := range []sms.Message{loginCode(), shipped()} {
			_, err := p.Send(t.Context(), m)
			if e := sms.AsError(err); !errors.Is(err, sms.ErrClosed) || e.Outcome != sms.Rejected || e.Key != m.Key {
				t.Errorf("%v", err)
			}
			if _, err := p.Ask(t.Context(), sms.Question{Message: m, Since: time.Now()}); !errors.Is(err, sms.ErrUndecided) || !errors.Is(err, sms.ErrClosed) {
				t.Errorf("%v", err)
			}
		}
		if a.n.Load() != 0 {
			t.Errorf("asked %d times", a.n.Load())
		}
	}
}
