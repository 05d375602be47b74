package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// batched sends one message alone, and the others, sale-1 and so on, in the call
// after it, whose start it returns.
func batched(t *testing.T, c *crowd, n int) (began time.Time) {
	t.Helper()
	c.send(t.Context(), sale(0))
	c.send(t.Context(), sales(1, n+1)...)
	return time.Now().Add(20 * time.Millisecond)
}

// refuseMany answers calls for several with a code; taken are those that the
// vendor has all the same.
func refuseMany(code, words string, taken ...string) func(url.Values) verdict {
	return func(form url.Values) verdict {
		if phones := strings.Split(form.Get("PhoneNumbers"), ","); len(phones) == 1 {
			return verdict{taken: phones, code: "OK"}
		}
		return verdict{taken: taken, code: code, words: words}
	}
}

func TestBatch_refusalOfAll(t *testing.T) {
	for code, reason := range map[string]sms.Reason{
		"isv.OUT_OF_SERVICE":          sms.AccountBlocked,
		"isv.AMOUNT_NOT_ENOUGH":       sms.AccountBlocked,
		"isp.RAM_PERMISSION_DENY":     sms.Unauthorized,
		"isv.SMS_SIGNATURE_ILLEGAL":   sms.TemplateRejected,
		"isv.SMS_TEMPLATE_ILLEGAL":    sms.TemplateRejected,
		"isv.SMS_CONTENT_ILLEGAL":     sms.ContentRejected,
		"isv.PARAM_LENGTH_LIMIT":      sms.InvalidMessage,
		"isv.DAY_LIMIT_CONTROL":       sms.Throttled,
		"isv.MOBILE_COUNT_OVER_LIMIT": sms.InvalidMessage,
		"Throttling.User":             sms.Throttled,
		"UnheardOf":                   sms.Internal, // Unknown, as it is for one
		"isp.SYSTEM_ERROR":            sms.Unavailable,
		"SignatureNonceUsed":          sms.Unavailable,
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{answer: refuseMany(code, "words")}
				c := newCrowd(coalescing(t, d, 1))
				batched(t, c, 3)
				began := time.Now()
				c.all.Wait()
				sameSizes(t, d, 1, 3)
				if d.listings() != 0 || time.Since(began) > time.Second {
					t.Errorf("%d listings, after %v", d.listings(), time.Since(began))
				}
				outcome := sms.Rejected
				if reason == sms.Internal || reason == sms.Unavailable {
					outcome = sms.Unknown
				}
				for i := range 3 {
					e := c.failed(t, fmt.Sprintf("sale-%d", i+1), reason, outcome)
					if e.Code != code || e.Message != "words" || e.RequestID != "R-2" || e.Kind != sms.Promotion {
						t.Errorf("%+v", e)
					}
				}
			})
		})
	}
}

// A refusal that may be one number's: nobody knows anything until the vendor's
// listing can decide; then only those go out that it does not have.
func TestBatch_refusalForOneNumber(t *testing.T) {
	for name, test := range map[string]struct {
		code  string
		taken []string // by the call that was refused
		bad   string   // refused alone too
	}{
		"a bad number, all refused":     {code: "isv.MOBILE_NUMBER_ILLEGAL", bad: phone(2)},
		"a bad number, others taken":    {code: "isv.MOBILE_NUMBER_ILLEGAL", bad: phone(2), taken: []string{phone(1), phone(3)}},
		"a number on the blacklist":     {code: "isv.BLACK_KEY_CONTROL_LIMIT", bad: phone(1)},
		"a number that has had enough":  {code: "isv.BUSINESS_LIMIT_CONTROL", bad: phone(3), taken: []string{phone(1)}},
		"an inland number":              {code: "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", bad: phone(3)},
		"a malformed parameter":         {code: "isv.INVALID_PARAMETERS", bad: phone(3)},
		"a code that nobody knows":      {code: "isv.NEW_NUMBER_RULE", bad: phone(3)},
		"nobody's, when asked again":    {code: "isv.MOBILE_NUMBER_ILLEGAL"},
		"everyone taken in spite of it": {code: "isv.MOBILE_NUMBER_ILLEGAL", taken: []string{phone(1), phone(2), phone(3), phone(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{}
				d.answer = func(form url.Values) verdict {
					if form.Get("PhoneNumbers") == test.bad {
						return verdict{code: test.code, words: "no"}
					}
					return refuseMany(test.code, "no", test.taken...)(form)
				}
				c := newCrowd(coalescing(t, d, 1))
				began := batched(t, c, 4)
				time.Sleep(time.Until(began.Add(time.Minute - time.Millisecond)))
				synctest.Wait()
				if len(d.sizes()) != 2 || d.listings() != 0 {
					t.Errorf("before the listing can decide: calls of %v, %d listings", d.sizes(), d.listings())
				}
				c.all.Wait()
				again := 4 - len(test.taken)
				if len(d.sizes()) != 2+again || d.listings() != 4 {
					t.Errorf("calls of %v, %d listings; want %d alone, 4 listings", d.sizes(), d.listings(), again)
				}
				for i := range 4 {
					key, number := fmt.Sprintf("sale-%d", i+1), phone(i+1)
					if number == test.bad {
						e := c.of(t, key)
						if sms.OutcomeOf(e.err) != sms.Rejected || sms.AsError(e.err).Code != test.code || d.count(number) != 0 {
							t.Errorf("the bad one: %v, sent %d times", e.err, d.count(number))
						}
						continue
					}
					if e := c.of(t, key); e.err != nil || e.receipt.Key != key || d.count(number) != 1 {
						t.Errorf("%s: %v, sent %d times", key, e, d.count(number))
					}
				}
				for _, form := range d.sent()[2:] {
					if aliyun.IsBatch(form.Get("OutId")) {
						t.Errorf("again in a call for several: %v", form)
					}
				}
			})
		})
	}
}

// Nothing goes out again where the listing cannot say.
func TestBatch_unknownWhereTheListingCannotSay(t *testing.T) {
	for name, list := range map[string]func() (stub, bool){
		"refused":         func() (stub, bool) { return stub{status: 200, body: object("Code", "isp.RAM_PERMISSION_DENY")}, true },
		"throttled":       func() (stub, bool) { return stub{status: 400, body: gatewayBody("Throttling.User", "no")}, true },
		"a page":          func() (stub, bool) { return stub{status: 502, body: "<html>"}, true },
		"without a total": func() (stub, bool) { return stub{status: 200, body: `{"Code":"OK"}`}, true },
		"a row without its OutId": func() (stub, bool) {
			return stub{status: 200, body: `{"Code":"OK","TotalCount":"1","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"TemplateCode":"SMS_0003"}]}}`}, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{list: list, answer: refuseMany("isv.MOBILE_NUMBER_ILLEGAL", phone(3)+"invalid mobile number")}
				c := newCrowd(coalescing(t, d, 1))
				batched(t, c, 3)
				c.all.Wait()
				sameSizes(t, d, 1, 3)
				for i := range 3 {
					e := c.failed(t, fmt.Sprintf("sale-%d", i+1), sms.Unavailable, sms.Unknown)
					if e.Code != "isv.MOBILE_NUMBER_ILLEGAL" || strings.Contains(e.Error(), "13900000") || e.RetryAfter != 0 {
						t.Errorf("%v", e)
					}
				}
			})
		})
	}
}

// A message of another call to the same number is not taken for the one that is
// looked for.
func TestBatch_anotherCallIsAnotherMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{answer: refuseMany("isv.MOBILE_NUMBER_ILLEGAL", "")}
		p := coalescing(t, d, 1)
		c := newCrowd(p)
		batched(t, c, 2)
		time.Sleep(30 * time.Second) // the bubble's clock
		twin := sale(1)
		twin.Key = "twin"
		c.send(t.Context(), twin)
		c.all.Wait()
		if c.of(t, "twin").err != nil || c.of(t, "sale-1").err != nil || d.count(phone(1)) != 2 {
			t.Errorf("%v, %v, sent %d times", c.of(t, "twin"), c.of(t, "sale-1"), d.count(phone(1)))
		}
	})
}

func TestBatch_whoCannotWait(t *testing.T) {
	refusing := func(t *testing.T) (*desk, *aliyun.Provider, *crowd) {
		d := &desk{answer: refuseMany("isv.BLACK_KEY_CONTROL_LIMIT", "号码在黑名单")}
		p := coalescing(t, d, 1)
		return d, p, newCrowd(p)
	}
	t.Run("a deadline before the listing decides", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _, c := refusing(t)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			defer cancel()
			began := time.Now()
			c.send(ctx, sale(0))
			c.send(ctx, sale(1), sale(2))
			c.all.Wait()
			if took := time.Since(began); took != 40*time.Millisecond || d.listings() != 0 {
				t.Errorf("took %v and %d listings", took, d.listings())
			}
			c.failed(t, "sale-1", sms.Unavailable, sms.Unknown) // and not blocked: nobody knows who is
		})
	})
	t.Run("a caller that leaves meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _, c := refusing(t)
			ctx, cancel := context.WithCancel(t.Context())
			c.send(t.Context(), sale(0))
			c.send(ctx, sale(1))
			c.send(t.Context(), sale(2))
			time.Sleep(time.Second)
			cancel()
			synctest.Wait()
			c.failed(t, "sale-1", sms.Canceled, sms.Unknown)
			c.all.Wait()
			if c.of(t, "sale-2").err != nil || d.listings() != 1 || d.count(phone(1)) != 0 {
				t.Errorf("%v, %d listings", c.of(t, "sale-2"), d.listings())
			}
		})
	})
	t.Run("Close", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, p, c := refusing(t)
			batched(t, c, 2)
			time.Sleep(time.Second)
			began := time.Now()
			p.Close()
			if took := time.Since(began); took != 0 {
				t.Errorf("Close took %v", took)
			}
			c.all.Wait()
			c.failed(t, "sale-1", sms.Unavailable, sms.Unknown)
			if d.listings() != 0 {
				t.Errorf("%d listings", d.listings())
			}
		})
	})
	t.Run("Expires", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _, c := refusing(t)
			late := sale(1)
			late.Expires = time.Now().Add(30 * time.Second)
			c.send(t.Context(), sale(0))
			c.send(t.Context(), late, sale(2))
			c.all.Wait()
			c.failed(t, "sale-1", sms.Expired, sms.Rejected)
			if d.count(phone(1)) != 0 {
				t.Error("it was sent")
			}
		})
	})
}

// The listings and the calls that follow a refusal are no flood.
func TestBatch_settlesAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{answer: refuseMany("isv.MOBILE_NUMBER_ILLEGAL", "")}
		c := newCrowd(coalescing(t, d, 2))
		c.send(t.Context(), sales(0, 2)...)
		c.send(t.Context(), sales(2, 12)...)
		c.all.Wait()
		// The last member of the call asked at 60 s, then 5 times 2 calls one after the
		// other.
		last := time.Time{}
		for _, row := range d.has() {
			last = row.at
		}
		if want := 20*time.Millisecond + time.Minute + 4*40*time.Millisecond + 20*time.Millisecond; last.Sub(d.has()[0].at) != want {
			t.Errorf("the last went out %v after the first, want %v", last.Sub(d.has()[0].at), want)
		}
	})
}

// Each member's error shows no one's number, nor a value.
func TestBatch_errorsShowNoOne(t *testing.T) {
	for _, code := range []string{"isv.OUT_OF_SERVICE", "SignatureDoesNotMatch", "isp.SYSTEM_ERROR"} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{}
			d.answer = func(form url.Values) verdict {
				if !strings.Contains(form.Get("PhoneNumbers"), ",") {
					return verdict{taken: []string{form.Get("PhoneNumbers")}, code: "OK"}
				}
				return verdict{code: code, words: "no: " + form.Get("PhoneNumbers") + ` +86 139-0000-0001 【A1027x】 string to sign is: ` + url.QueryEscape(form.Encode())}
			}
			c := newCrowd(coalescing(t, d, 1))
			for i := range 4 {
				c.send(t.Context(), sms.Message{To: person(i), Template: "shipped", Params: sms.Params{"name": "王芳", "order": "A1027x"}, Key: fmt.Sprint(i)})
			}
			c.all.Wait()
			for i := 1; i < 4; i++ {
				text := fmt.Sprintf("%+v", c.of(t, fmt.Sprint(i)).err)
				for _, secret := range []string{"000000", "139-0000", "A1027x"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s: %q shows %q", code, text, secret)
					}
				}
				if !strings.Contains(text, code) {
					t.Errorf("%q lacks the code", text)
				}
			}
		})
	}
}

// Find for a message whose call ended without an answer.
func TestFind_messageOfABatch(t *testing.T) {
	lost := func(taken ...string) func(url.Values) verdict {
		return func(form url.Values) verdict {
			if phones := strings.Split(form.Get("PhoneNumbers"), ","); len(phones) == 1 {
				return verdict{taken: phones, code: "OK"}
			}
			return verdict{taken: taken}
		}
	}
	row := func(outID, text string, after time.Duration) func(*desk, time.Time) {
		return func(d *desk, began time.Time) {
			d.rows = append(d.rows, taken{phone(1), outID, "SMS_0003", text, began.Add(after)})
		}
	}
	const text = "【云通信】春季上新,拒收请回复R。"
	batch := func() string { return "notify-batch-" + sms.NewKey() }
	for name, test := range map[string]struct {
		taken     []string
		restarted bool // asked of a provider that has not sent it
		rows      []func(*desk, time.Time)
		want      error // nil: found
	}{
		"taken":                               {taken: []string{phone(1)}},
		"never taken":                         {taken: []string{phone(2)}, want: sms.ErrNotFound},
		"never taken, another one of a batch": {rows: []func(*desk, time.Time){row(batch(), "", time.Second)}, want: sms.ErrUndecided},
		"never taken, another one alone":      {rows: []func(*desk, time.Time){row("other", "", time.Second)}, want: sms.ErrUndecided},
		"restarted: taken":                    {taken: []string{phone(1)}, restarted: true},
		"restarted: never taken":              {restarted: true, want: sms.ErrNotFound},
		"restarted: taken, with its text":     {rows: []func(*desk, time.Time){row(batch(), text, 0)}, restarted: true},
		"restarted: one that reads otherwise": {rows: []func(*desk, time.Time){row(batch(), "【云通信】", 0)}, restarted: true, want: sms.ErrUndecided},
		"restarted: two":                      {rows: []func(*desk, time.Time){row(batch(), text, 0), row(batch(), "", time.Second)}, restarted: true, want: sms.ErrUndecided},
		"restarted: one beside one of no key": {rows: []func(*desk, time.Time){row(batch(), text, 0), row("", "", time.Second)}, restarted: true, want: sms.ErrUndecided},
		"restarted: one shortly before":       {rows: []func(*desk, time.Time){row(batch(), text, -2*time.Second)}, restarted: true, want: sms.ErrUndecided},
		"restarted: one long before":          {rows: []func(*desk, time.Time){row(batch(), text, -2*time.Minute)}, restarted: true, want: sms.ErrNotFound},
		"restarted: its key, gone alone":      {rows: []func(*desk, time.Time){row("sale-1", "", time.Second)}, restarted: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{answer: lost(test.taken...)}
				p := coalescing(t, d, 1)
				c := newCrowd(p)
				time.Sleep(5 * time.Minute)
				began := time.Now()
				batched(t, c, 2)
				c.all.Wait()
				c.failed(t, "sale-1", sms.Unavailable, sms.Unknown)
				for _, add := range test.rows {
					add(d, began)
				}
				if test.restarted {
					p = open(t, aliyun.Options{Transport: d})
				}
				time.Sleep(2 * time.Minute)
				r, err := p.Ask(t.Context(), sms.Question{Message: sale(1), Since: began})
				if test.want == nil && (err != nil || r.Key != "sale-1" || r.Provider != "aliyun") || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("%+v, %v, want %v", r, err, test.want)
				}
			})
		})
	}
}

// What one key has found is no other key's.
func TestFind_oneMessageIsNotTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{tb: t, latency: time.Millisecond}
		p := open(t, aliyun.Options{Transport: d})
		began := time.Now()
		d.rows = append(d.rows, taken{phone(1), "notify-batch-" + sms.NewKey(), "SMS_0003", "", began})
		time.Sleep(2 * time.Minute)
		twin := sale(1)
		twin.Key = "twin"
		for range 2 {
			if _, err := p.Ask(t.Context(), sms.Question{Message: sale(1), Since: began}); err != nil {
				t.Errorf("the first key: %v", err)
			}
			if _, err := p.Ask(t.Context(), sms.Question{Message: twin, Since: began}); !errors.Is(err, sms.ErrNotFound) {
				t.Errorf("the second key: %v", err)
			}
		}
	})
}

// A member of an accepted call is never taken for a twin's that was not.
func TestFind_twinInAnotherBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		calls := 0
		d.answer = func(form url.Values) verdict {
			if calls++; calls == 3 {
				return verdict{} // hung up, and nothing taken
			}
			return verdict{taken: strings.Split(form.Get("PhoneNumbers"), ","), code: "OK"}
		}
		p := coalescing(t, d, 1)
		c := newCrowd(p)
		began := time.Now()
		twins := slices.Clone(sales(1, 3))
		for i := range twins {
			twins[i].Key = fmt.Sprintf("twin-%d", i+1)
		}
		batched(t, c, 2)
		c.send(t.Context(), twins...)
		c.all.Wait()
		sameSizes(t, d, 1, 2, 2)
		time.Sleep(2 * time.Minute)
		accepted, lost := 0, 0
		for _, m := range append(sales(1, 3), twins...) {
			_, err := p.Ask(t.Context(), sms.Question{Message: m, Since: began})
			switch e := c.of(t, m.Key); {
			case e.err == nil && err == nil:
				accepted++
			case e.err != nil && errors.Is(err, sms.ErrNotFound):
				lost++
			default:
				t.Errorf("%s was %v, and is %v", m.Key, e.err, err)
			}
		}
		if accepted != 2 || lost != 2 {
			t.Errorf("%d accepted, %d lost", accepted, lost)
		}
	})
}
