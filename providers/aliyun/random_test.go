package aliyun_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
)

var seeds = flag.Int("seeds", 150, "how many seeds TestCoalesce_random tries")

// Callers, deadlines and a vendor at random: none lost, none doubled, each
// message answered once, and truly.
func TestCoalesce_random(t *testing.T) {
	for seed := range *seeds {
		if !t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { randomly(t, uint64(seed)) }) }) {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzCoalesce goes on where the seeds end.
func FuzzCoalesce(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(func(t *testing.T, seed uint64) { synctest.Test(t, func(t *testing.T) { randomly(t, seed) }) })
}

// A dice is a source of chance for several goroutines.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) n(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// whim is a vendor that does anything with a call: people 0 and 1 it never takes.
func whim(chance *dice) func(url.Values) verdict {
	return func(form url.Values) verdict {
		time.Sleep(time.Duration(chance.n(300)) * time.Millisecond)
		phones := strings.Split(form.Get("PhoneNumbers"), ",")
		bad := func(p string) bool { return p == phone(0) || p == phone(1) }
		some := slices.DeleteFunc(slices.Clone(phones), func(p string) bool { return bad(p) || chance.n(2) == 0 })
		switch k := chance.n(20); {
		case k == 0:
			return verdict{code: "isv.OUT_OF_SERVICE"}
		case k == 1:
			return verdict{code: "Throttling.User", status: 400}
		case k == 2 && !slices.ContainsFunc(phones, bad):
			return verdict{taken: phones} // and hung up
		case k == 3:
			return verdict{} // hung up
		case k == 4 && len(phones) > 1: // for no reason that shows
			return verdict{taken: some, code: "isv.BUSINESS_LIMIT_CONTROL"}
		case slices.ContainsFunc(phones, bad) && len(phones) > 1 && chance.n(2) == 0:
			return verdict{taken: some, code: "isv.MOBILE_NUMBER_ILLEGAL"}
		case slices.ContainsFunc(phones, bad):
			return verdict{code: "isv.MOBILE_NUMBER_ILLEGAL"}
		}
		return verdict{taken: phones, code: "OK"}
	}
}

func randomly(t *testing.T, seed uint64) {
	chance := &dice{r: rand.New(rand.NewPCG(seed, 7))}
	d := &desk{answer: whim(chance), latency: time.Millisecond}
	p := coalescing(t, d, 1+chance.n(4))
	c := newCrowd(p)
	var messages []sms.Message
	for i := range 20 + chance.n(100) {
		m := sms.Message{To: person(chance.n(40)), Key: fmt.Sprintf("key-%d", i), Template: "spring-sale"}
		if chance.n(2) == 0 {
			m.Template, m.Params = "shipped", sms.Params{"name": "王芳", "order": fmt.Sprint("A", chance.n(2))}
		}
		if chance.n(8) == 0 {
			m.Expires = time.Now().Add(time.Duration(chance.n(2000)) * time.Millisecond)
		}
		messages = append(messages, m)
		c.all.Go(func() {
			ctx := t.Context()
			time.Sleep(time.Duration(chance.n(1000)) * time.Millisecond)
			if chance.n(3) == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(chance.n(2000))*time.Millisecond)
				defer cancel()
			}
			r, err := p.Send(ctx, m)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ends[m.Key] = append(c.ends[m.Key], end{r, err})
		})
	}
	if chance.n(4) == 0 {
		time.Sleep(time.Duration(chance.n(1500)) * time.Millisecond)
		p.Close()
	}
	c.all.Wait()
	judge(t, c, d, messages)
}

// judge holds what was answered against what the vendor has, for each number and
// text: accepted ones are there, and no more than those and the unknown ones.
func judge(t *testing.T, c *crowd, d *desk, messages []sms.Message) {
	accepted, unknown, there := map[string]int{}, map[string]int{}, map[string]int{}
	identities := map[string]string{}
	for _, m := range messages {
		e := c.of(t, m.Key)
		like := m.To.E164()[3:] + m.Template + m.Params["order"]
		switch sms.OutcomeOf(e.err) {
		case sms.Accepted:
			accepted[like]++
			if id := e.receipt.ID + " " + m.To.E164(); e.receipt.ID != "" && identities[id] != "" {
				t.Errorf("%s and %s are both %s", identities[id], m.Key, e.receipt.ID)
			} else {
				identities[id] = m.Key
			}
		case sms.Unknown:
			unknown[like]++
		}
		if got := sms.AsError(e.err); got != nil && (got.Key != m.Key || got.Reason == sms.Internal && e.err != nil && !strings.Contains(e.err.Error(), "closed")) || e.err == nil && e.receipt.Key != m.Key {
			t.Errorf("%s got the answer %+v", m.Key, e)
		}
	}
	for _, row := range d.has() {
		switch row.template {
		case "SMS_0003":
			there[row.phone+"spring-sale"]++
		default:
			there[row.phone+"shipped"+strings.TrimSuffix(row.text[strings.Index(row.text, `"order":"`)+len(`"order":"`):], `"}`)]++
		}
	}
	for like, n := range there {
		if n < accepted[like] || n > accepted[like]+unknown[like] {
			t.Errorf("%s: the vendor has %d, %d accepted, %d unknown", like, n, accepted[like], unknown[like])
		}
	}
	for like, n := range accepted {
		if there[like] < n {
			t.Errorf("%s: the vendor has %d, %d accepted", like, there[like], n)
		}
	}
}
