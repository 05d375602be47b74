package verify_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

var none = []middleware.Window{}

func ours(b *testing.B, limits verify.Limits) *verify.Verifier {
	b.Helper()
	v, err := verify.New(verify.Options{Template: "login-code", Key: []byte("0123456789abcdefghijklmnopqrstuv"), Store: verify.NewMemoryStoreSize(1 << 26), Limits: limits, Cooldown: -1,
		Sender: sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) { return sms.Receipt{Key: m.Key}, nil })})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

var unlimited = verify.Limits{Number: none, IP: none, Range: none, Answers: none}

func number(i int) sms.Number { return sms.Number(fmt.Sprintf("+86138%08d", i)) }

// A first Start: number and address are new. Ours takes nine windows besides.
func BenchmarkStart_ours(b *testing.B) {
	v := ours(b, verify.Limits{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := v.Start(b.Context(), verify.Request{To: number(i), Purpose: "login", IP: fmt.Sprintf("%d.%d.%d.%d", 11+i>>24, i>>16&255, i>>8&255, i&255)}); err != nil {
			b.Fatal(err)
		}
	}
}

// peer is what a user would write.
type peer struct {
	mu      sync.Mutex
	codes   map[sms.Number]*entry
	options hotp.ValidateOpts
}

type entry struct {
	secret  string
	expires time.Time
	failed  int
}

func newPeer() *peer {
	return &peer{codes: map[sms.Number]*entry{}, options: hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA256}}
}

func (p *peer) start(to sms.Number) (code string, err error) {
	raw := make([]byte, 20)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	secret := base32.StdEncoding.EncodeToString(raw)
	if code, err = hotp.GenerateCodeCustom(secret, 0, p.options); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[to] = &entry{secret: secret, expires: time.Now().Add(5 * time.Minute)}
	return code, nil
}

func (p *peer) check(to sms.Number, code string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.codes[to]
	if e == nil || e.failed >= 5 || time.Now().After(e.expires) {
		return false
	}
	ok, err := hotp.ValidateCustom(code, 0, e.secret, p.options)
	if err != nil || !ok {
		e.failed++
		return false
	}
	delete(p.codes, to)
	return true
}

func BenchmarkStart_peer(b *testing.B) {
	p := newPeer()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := p.start(number(i)); err != nil {
			b.Fatal(err)
		}
	}
}

const people = 1 << 14

// A Check of a wrong answer, four for each person.
func BenchmarkCheck_ours(b *testing.B) {
	var v *verify.Verifier
	b.ReportAllocs()
	n := 0
	to := make([]sms.Number, people)
	for i := range to {
		to[i] = number(i)
	}
	for b.Loop() {
		if n%(4*people) == 0 {
			b.StopTimer()
			v = ours(b, unlimited)
			for _, one := range to {
				if _, err := v.Start(b.Context(), verify.Request{To: one, Purpose: "login"}); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
		}
		if v.Check(b.Context(), verify.Attempt{To: to[n%people], Purpose: "login", Code: "12345"}) == nil {
			b.Fatal("a wrong code")
		}
		n++
	}
}

func BenchmarkCheck_peer(b *testing.B) {
	var p *peer
	b.ReportAllocs()
	n := 0
	to := make([]sms.Number, people)
	for i := range to {
		to[i] = number(i)
	}
	for b.Loop() {
		if n%(4*people) == 0 {
			b.StopTimer()
			p = newPeer()
			for _, one := range to {
				if _, err := p.start(one); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
		}
		p.check(to[n%people], "123456") // right once in a million
		n++
	}
}
