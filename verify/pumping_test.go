package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// prefixBudget watches prefixes alone.
func prefixBudget(floor int, share float64) []verify.Budget {
	return []verify.Budget{{Per: time.Hour, Share: share, Prefix: floor}}
}

func ofPrefix(i int) verify.Request {
	return verify.Request{To: sms.Number(fmt.Sprintf("+861381234%04d", i)), Purpose: "login"}
}

func TestPumping_observes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []verify.Pressure
		w := newWorld(t, func(o *verify.Options) {
			o.Pumping = verify.Pumping{Budgets: prefixBudget(3, 0), OnPressure: func(_ context.Context, p verify.Pressure) { told = append(told, p) }}
		})
		for i := range 5 {
			if _, err := w.Start(t.Context(), ofPrefix(i)); err != nil {
				t.Fatal(err)
			}
		}
		w.vendor.AssertCount(t, 5)
		want := verify.Pressure{Scope: "prefix", Of: "+861381234", Per: time.Hour, Share: verify.Share{Sent: 3}, Allowed: 3}
		if len(told) != 2 || told[0] != want {
			t.Errorf("told %+v; the first should be %+v", told, want)
		}
	})
}

func TestPumping_blocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) {
			o.Pumping = verify.Pumping{Mode: verify.ModeBlock, Budgets: prefixBudget(3, 0.5)}
		})
		for i := range 3 {
			if _, err := w.Start(t.Context(), ofPrefix(i)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.Start(t.Context(), ofPrefix(3))
		wantLimit(t, err, "pumping", 5*time.Minute)
		// Blocked requests are not counted as sent, and leave the number its tokens.
		for range 20 {
			_, err = w.Start(t.Context(), ofPrefix(3))
			wantLimit(t, err, "pumping", 5*time.Minute)
		}
		// Who is blocked has asked all the same: the address does not get its tokens back.
		r := ofPrefix(3)
		r.IP = "192.0.2.1"
		for range 30 {
			_, err = w.Start(t.Context(), r)
			wantLimit(t, err, "pumping", 5*time.Minute)
		}
		_, err = w.Start(t.Context(), r)
		wantLimit(t, err, "ip", time.Hour)
		// A code typed back makes room for one more.
		if err := w.check(ofPrefix(0).To, w.vendor.Code(ofPrefix(0).To)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Start(t.Context(), ofPrefix(3)); err != nil {
			t.Errorf("after one was typed back: %v", err)
		}
		// And so does time.
		time.Sleep(66 * time.Minute)
		if _, err := w.Start(t.Context(), ofPrefix(4)); err != nil {
			t.Errorf("after the hour: %v", err)
		}
	})
}

// Over the floor the share decides: a prefix where people do type codes back is
// served, however many there are.
func TestPumping_share(t *testing.T) {
	for share, served := range map[float64]bool{0.5: true, 0.2: false} {
		w := newWorld(t, withoutLimits, func(o *verify.Options) {
			o.Pumping = verify.Pumping{Mode: verify.ModeBlock, Budgets: prefixBudget(3, share)}
		})
		refused := false
		for i := range 100 {
			to := ofPrefix(i).To
			if _, err := w.Start(t.Context(), ofPrefix(i)); err != nil {
				refused = true
				break
			}
			if i%3 > 0 { // two of three are typed back
				if err := w.check(to, w.vendor.Code(to)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if refused == served {
			t.Errorf("with a third not typed back and %v allowed: refused %v", share, refused)
		}
	}
}

func TestPumping_refusedIsNotSent(t *testing.T) {
	w := newWorld(t, withoutLimits, func(o *verify.Options) {
		o.Pumping = verify.Pumping{Mode: verify.ModeBlock, Budgets: prefixBudget(3, 0)}
	})
	w.vendor.Fail(sms.Unavailable)
	for i := range 20 {
		if _, err := w.Start(t.Context(), ofPrefix(i)); sms.ReasonOf(err) != sms.Unavailable {
			t.Fatalf("number %d: %v", i, err)
		}
	}
	w.vendor.Fail(nil)
	if _, err := w.Start(t.Context(), ofPrefix(0)); err != nil {
		t.Errorf("what the vendor refused was counted as sent: %v", err)
	}
}

func TestPumping_challenges(t *testing.T) {
	type solved struct{}
	var asked []verify.Pressure
	s := newSite(t, verify.HTTPOptions{}, func(o *verify.Options) {
		o.Pumping = verify.Pumping{Mode: verify.ModeChallenge, Budgets: prefixBudget(1, 0),
			Challenge: func(ctx context.Context, r verify.Request, p verify.Pressure) error {
				asked = append(asked, p)
				if ctx.Value(solved{}) == nil || r.Purpose != "login" {
					return errors.New("no captcha was solved")
				}
				return nil
			}}
	})
	inner := s.handler // the program's own handler puts what was solved into the context
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Captcha") == "solved" {
			r = r.WithContext(context.WithValue(r.Context(), solved{}, true))
		}
		inner.ServeHTTP(w, r)
	})
	body := func(i int) string { return `{"mobile":"` + string(ofPrefix(i).To) + `"}` }
	if status, _ := s.post("/codes", body(0)); status != 201 || len(asked) != 0 {
		t.Errorf("under the floor: %d, asked %d times", status, len(asked))
	}
	status, got := s.post("/codes", body(1))
	wantBody(t, status, got, 400, `{"mobile":"please show first that you are a person","reason":"challenge_required"}`)
	if answer, _ := s.call("POST", "/codes", jsonMedia, body(1), header{"X-Captcha": "solved"}); answer.Code != 201 {
		t.Errorf("after it was solved: %d", answer.Code)
	}
	s.vendor.AssertCount(t, 2)
}

func TestPumping_scopes(t *testing.T) {
	for _, c := range []struct {
		scope  string
		budget verify.Budget
		ask    func(i int) verify.Request
		of     string
	}{
		{"range", verify.Budget{Per: time.Hour, Range: 2}, func(i int) verify.Request {
			return verify.Request{To: sms.Number(fmt.Sprintf("+86138%04d0000", i)), IP: fmt.Sprintf("192.0.2.%d", i)}
		}, "192.0.2.0/24"},
		{"region", verify.Budget{Per: time.Hour, Region: 2}, func(i int) verify.Request {
			return verify.Request{To: sms.Number(fmt.Sprintf("+86138%04d0000", i))}
		}, "CN"},
	} {
		t.Run(c.scope, func(t *testing.T) {
			var told []verify.Pressure
			w := newWorld(t, func(o *verify.Options) {
				o.Pumping = verify.Pumping{Mode: verify.ModeBlock, Budgets: []verify.Budget{c.budget},
					OnPressure: func(_ context.Context, p verify.Pressure) { told = append(told, p) }}
			})
			for i := range 3 {
				_, err := w.Start(t.Context(), c.ask(i))
				if (err == nil) != (i < 2) {
					t.Errorf("request %d: %v", i+1, err)
				}
			}
			if len(told) != 1 || told[0].Scope != c.scope || told[0].Of != c.of {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// A store without a Tally serves all but the watching.
func TestPumping_needsATally(t *testing.T) {
	o := verify.Options{Sender: newVendor(t, 0), Store: &brokenStore{Store: verify.NewMemoryStore()}, Key: key("one"), Template: "login-code"}
	if _, err := verify.New(o); err != nil {
		t.Errorf("without watching: %v", err)
	}
	o.Pumping.Mode = verify.ModeBlock
	if _, err := verify.New(o); err == nil {
		t.Error("a store that is no Tally was taken for watching")
	}
}
