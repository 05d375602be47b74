package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestTimeout(t *testing.T) {
	tests := []struct {
		name     string
		caller   time.Duration // the caller's deadline; 0: none
		answer   step
		accepted bool
		reason   sms.Reason
		outcome  sms.Outcome
		context  bool // a context's error is found
		took     time.Duration
	}{
		{"accepted in time", 0, step{takes: time.Second}, true, "", sms.Accepted, false, time.Second},
		{"refused in time", 0, step{takes: time.Second, err: no("a", sms.InvalidNumber)}, false, sms.InvalidNumber, sms.Rejected, false, time.Second},
		{"our time is over, nothing had left", 0, step{takes: time.Hour}, false, sms.Unavailable, sms.Rejected, false, 2 * time.Second},
		{"our time is over, it had left", 0, step{takes: time.Hour, left: true}, false, sms.Unavailable, sms.Unknown, false, 2 * time.Second},
		{"our time is over, the caller's deadline is later", time.Minute, step{takes: time.Hour, left: true}, false, sms.Unavailable, sms.Unknown, false, 2 * time.Second},
		{"the caller's deadline is sooner", time.Second, step{takes: time.Hour, left: true}, false, sms.Canceled, sms.Unknown, true, time.Second},
		{"the caller's deadline is the same", 2 * time.Second, step{takes: time.Hour}, false, sms.Canceled, sms.Rejected, true, 2 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.caller > 0 {
					bounded, cancel := context.WithTimeout(ctx, test.caller)
					defer cancel()
					ctx = bounded
				}
				began := time.Now()
				_, err := sms.Chain(newVendor("a", test.answer), middleware.Timeout(2*time.Second)).Send(ctx, message)
				if (err == nil) != test.accepted {
					t.Fatalf("got %v", err)
				}
				wantReason(t, err, test.reason, test.outcome)
				if got := isContextError(err); got != test.context {
					t.Errorf("a context's error in %v: %v, want %v", err, got, test.context)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
			})
		})
	}
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func TestTimeout_zeroIsTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := sms.Chain(newVendor("a", step{takes: time.Hour}), middleware.Timeout(0)).Send(t.Context(), message)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		if took := time.Since(began); took != middleware.DefaultTimeout {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTimeout_callerCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := sms.Chain(newVendor("a", step{takes: time.Hour, left: true}), middleware.Timeout(2*time.Second)).Send(ctx, message)
		wantReason(t, err, sms.Canceled, sms.Unknown)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the caller's own end is not found in %v", err)
		}
	})
}

// A Sender that does not look at its context ends when it ends, and what it says
// then is what counts.
func TestTimeout_senderIgnoresTheContext(t *testing.T) {
	tests := []struct {
		name    string
		err     error
		reason  sms.Reason
		outcome sms.Outcome
	}{
		{"accepted late is accepted", nil, "", sms.Accepted},
		{"refused late is refused", no("a", sms.InvalidNumber), sms.InvalidNumber, sms.Rejected},
		{"a late error of the network", maybe("a", sms.Unavailable), sms.Unavailable, sms.Unknown},
		{"net/http's own time-out", &sms.Error{Provider: "a", Reason: sms.Unavailable, Outcome: sms.Unknown, Err: fmt.Errorf("request: %w", context.DeadlineExceeded)}, sms.Unavailable, sms.Unknown},
		{"an unclassified context error", context.DeadlineExceeded, sms.Unavailable, sms.Unknown},
		{"a wrapped context error", fmt.Errorf("sending: %w", context.Canceled), sms.Unavailable, sms.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deaf := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
					time.Sleep(time.Minute)
					return sms.Receipt{Provider: "a"}, test.err
				})
				_, err := sms.Chain(deaf, middleware.Timeout(time.Second)).Send(t.Context(), message)
				wantReason(t, err, test.reason, test.outcome)
				if isContextError(err) || errors.Is(err, sms.Canceled) {
					t.Errorf("a context's end is found in %v", err)
				}
			})
		})
	}
}

// The whole story of a Retry that our time has cut short loses its contexts too.
func TestTimeout_overSeveralTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a", step{err: no("a", sms.Unavailable)}, step{takes: time.Hour})
		_, err := sms.Chain(v, middleware.Timeout(2*time.Second), middleware.Retry(middleware.RetryOptions{})).Send(t.Context(), message)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		if got := told(t, sms.Receipt{}, err); got != "a unavailable, a unavailable" {
			t.Errorf("the story is %q", got)
		}
		if isContextError(err) || errors.Is(err, sms.Canceled) {
			t.Errorf("a context's end is found in %v", err)
		}
	})
}

// send calls f with the context that a Sender within a Timeout is given.
func withTimeout(ctx context.Context, d time.Duration, f func(ctx context.Context)) context.Context {
	var inner context.Context
	s := sms.Chain(sms.SenderFunc(func(ctx context.Context, _ sms.Message) (sms.Receipt, error) {
		inner = ctx
		f(ctx)
		return sms.Receipt{}, nil
	}), middleware.Timeout(d))
	_, _ = s.Send(ctx, message)
	return inner
}

type contextKey struct{}

func TestTimeout_contextOfTheSender(t *testing.T) {
	t.Run("without Done, time alone ends it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			withTimeout(t.Context(), time.Second, func(ctx context.Context) {
				if at, ok := ctx.Deadline(); !ok || at != time.Now().Add(time.Second) {
					t.Errorf("the deadline is %v, %v", at, ok)
				}
				if err := ctx.Err(); err != nil {
					t.Errorf("at the beginning: %v", err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if err := ctx.Err(); err != context.DeadlineExceeded {
					t.Errorf("at the end: %v", err)
				}
				<-ctx.Done() // agrees with Err
				if err := ctx.Err(); err != context.DeadlineExceeded {
					t.Errorf("after Done: %v", err)
				}
			})
		})
	})
	t.Run("Done ends at the deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			withTimeout(t.Context(), time.Second, func(ctx context.Context) {
				began := time.Now()
				<-ctx.Done()
				if time.Since(began) != time.Second || ctx.Err() != context.DeadlineExceeded {
					t.Errorf("after %v: %v", time.Since(began), ctx.Err())
				}
			})
		})
	})
	t.Run("the caller's end ends it", func(t *testing.T) {
		for _, ask := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			withTimeout(ctx, time.Minute, func(ctx context.Context) {
				if ask {
					_ = ctx.Done()
				}
				cause := errors.New("the reason")
				cancel(cause)
				<-ctx.Done()
				if ctx.Err() != context.Canceled || context.Cause(ctx) != cause {
					t.Errorf("asked before %v: %v, cause %v", ask, ctx.Err(), context.Cause(ctx))
				}
			})
		}
	})
	t.Run("after Send it has ended", func(t *testing.T) {
		for _, ask := range []bool{false, true} {
			ctx := withTimeout(t.Context(), time.Minute, func(ctx context.Context) {
				if ask {
					_ = ctx.Done()
				}
			})
			if err := ctx.Err(); err != context.Canceled {
				t.Errorf("asked before %v: %v", ask, err)
			}
			<-ctx.Done()
			if err := ctx.Err(); err != context.Canceled {
				t.Errorf("asked before %v, after Done: %v", ask, err)
			}
		}
	})
	t.Run("values come through", func(t *testing.T) {
		withTimeout(context.WithValue(t.Context(), contextKey{}, "v"), time.Minute, func(ctx context.Context) {
			before := ctx.Value(contextKey{})
			_ = ctx.Done()
			if after := ctx.Value(contextKey{}); before != "v" || after != "v" {
				t.Errorf("before Done %v, after %v", before, after)
			}
		})
	})
	t.Run("children need no goroutine", func(t *testing.T) {
		withTimeout(t.Context(), time.Hour, func(ctx context.Context) {
			before := runtime.NumGoroutine()
			for range 50 {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				_ = child.Done()
			}
			if now := runtime.NumGoroutine(); now > before {
				t.Errorf("50 children took %d goroutines", now-before)
			}
		})
	})
	t.Run("any number of goroutines may ask", func(t *testing.T) {
		withTimeout(t.Context(), time.Hour, func(ctx context.Context) {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					_, _, _ = ctx.Done(), ctx.Err(), ctx.Value(contextKey{})
				})
			}
			wg.Wait()
		})
	})
}

func TestTimeout_overHTTPLeavesNoGoroutine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "ok")
	}))
	defer server.Close()
	client := server.Client()
	s := sms.Chain(sms.SenderFunc(func(ctx context.Context, _ sms.Message) (sms.Receipt, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return sms.Receipt{}, err
		}
		response, err := client.Do(request)
		if err != nil {
			return sms.Receipt{}, err
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return sms.Receipt{}, err
	}), middleware.Timeout(time.Hour))
	most := 0
	for i := range 100 {
		if _, err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); i == 10 {
			most = n + 5 // the connection's own come and go
		} else if i > 10 && n > most {
			t.Fatalf("call %d: %d goroutines, there were %d", i, n, most-5)
		}
	}
}
