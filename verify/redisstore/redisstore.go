package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/storekit/redislua"
	"github.com/notifykit/notify/verify"
)

// Options are how Redis is used. The zero value is ready for use.
type Options struct {
	// Prefix begins every key. Defaults to "notify:verify:". It holds no braces.
	Prefix string
}

// A Store is a verify.Store and a verify.Tally. Any number of goroutines and
// processes may use it at once.
type Store struct {
	client redis.UniversalClient
	prefix string
	ahead  func() time.Duration // by how much the server's clock is ahead, in tests; nil: by nothing
}

var _ verify.Tally = (*Store)(nil)

// New makes a Store. It does no I/O; c stays the caller's.
func New(c redis.UniversalClient, o Options) *Store {
	if o.Prefix == "" {
		o.Prefix = "notify:verify:"
	}
	return &Store{client: c, prefix: strings.NewReplacer("{", "", "}", "").Replace(o.Prefix)}
}

// key makes a key whose hash tag is tag.
func (s *Store) key(kind, tag, rest string) string {
	return s.prefix + kind + "{" + strings.NewReplacer("{", "(", "}", ")").Replace(tag) + "}" + rest
}

func (s *Store) record(to verify.Subject) string {
	return s.key("code", to.To.E164(), " "+to.Purpose)
}

func (s *Store) proof(to verify.Subject, id verify.ID) string {
	return s.key("proof", to.To.E164(), " "+to.Purpose+" "+id.String())
}

// limit is a limit's key. What stands before the first blank is the subject that
// it shares a node with: a number, or a range of addresses.
func (s *Store) limit(kind string, l verify.Limit) (tag, key string) {
	tag, rest, _ := strings.Cut(l.Of, " ")
	return tag, s.key(kind, tag, " "+l.Scope+" "+rest)
}

func (s *Store) cell(c verify.Cell) string {
	return s.key("cell", c.Scope+" "+c.Of, " "+c.Per.String())
}

// skew is how far the server's clock is ahead: zero, except in this package's tests.
func (s *Store) skew() time.Duration {
	if s.ahead == nil {
		return 0
	}
	return s.ahead()
}

// clock is the first argument of every script.
func (s *Store) clock() string { return redislua.Micros(s.skew()) }

// wrapped names what failed. Redis's own words hold no keys and no values.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}

// Begin gives the code that counts.
func (s *Store) Begin(ctx context.Context, b verify.BeginStep) (verify.Begun, error) {
	replace := "0"
	if b.Replace {
		replace = "1"
	}
	tag, _ := b.Tag.MarshalText()
	one := &call{script: beginScript, keys: []string{s.record(b.Subject)},
		args: []any{s.clock(), b.Nonce.String(), strconv.FormatUint(b.Key, 10), string(tag), redislua.Micros(b.TTL), b.Max, replace}}
	if err := run(ctx, s.client, one); err != nil {
		return verify.Begun{}, wrapped("begin", err)
	}
	v, err := one.answer.Slice()
	switch {
	case err != nil:
		return verify.Begun{}, wrapped("begin", err)
	case len(v) == 2:
		return verify.Begun{Locked: true, RetryAfter: redislua.Duration(v[1])}, nil
	case len(v) != 5:
		return verify.Begun{}, wrapped("begin", errAnswer)
	}
	begun := verify.Begun{ExpiresIn: redislua.Duration(v[4])}
	key, _ := v[2].(string)
	if begun.Key, err = strconv.ParseUint(key, 10, 64); err != nil {
		return verify.Begun{}, wrapped("begin", errAnswer)
	}
	nonce, _ := v[1].(string)
	text, _ := v[3].(string)
	if begun.Nonce.UnmarshalText([]byte(nonce)) != nil || begun.Tag.UnmarshalText([]byte(text)) != nil {
		return verify.Begun{}, wrapped("begin", errAnswer)
	}
	return begun, nil
}

var errAnswer = fmt.Errorf("the script has answered something else than it should: another version uses the same Prefix")

// Check counts an answer, and then judges it.
func (s *Store) Check(ctx context.Context, c verify.CheckStep) (verify.Checked, error) {
	wait, err := s.countAnswer(ctx, c.Answers)
	switch {
	case err != nil:
		return verify.Checked{}, err
	case wait > 0:
		return verify.Checked{Verdict: verify.Limited, RetryAfter: wait}, nil
	}
	proofFor := "0"
	if c.Proof != (verify.ID{}) {
		proofFor = redislua.Micros(c.ProofFor)
	}
	one := &call{script: checkScript, keys: []string{s.record(c.Subject), s.proof(c.Subject, c.Proof)},
		args: []any{s.clock(), c.ID.String(), c.Max, redislua.Micros(c.LockFor), proofFor, redislua.Micros(verify.RepeatFor)}}
	for _, t := range c.Tags {
		tag, _ := t.Tag.MarshalText()
		one.args = append(one.args, strconv.FormatUint(t.Key, 10), string(tag))
	}
	if err := run(ctx, s.client, one); err != nil {
		return verify.Checked{}, wrapped("check", err)
	}
	v, err := one.answer.Slice()
	if err != nil || len(v) != 4 {
		return verify.Checked{}, wrapped("check", errAnswer)
	}
	verdict, _ := v[0].(int64)
	left, _ := v[1].(int64)
	again, _ := v[3].(int64)
	return verify.Checked{Verdict: verify.Verdict(verdict), Left: int(left), RetryAfter: redislua.Duration(v[2]), Again: again == 1}, nil
}

// CheckVerified judges and, where the answer is right, counts in a second trip:
// before it nobody knows whether there is something to count.
func (s *Store) CheckVerified(ctx context.Context, c verify.CheckStep, cells []verify.Cell) (verify.Checked, error) {
	checked, err := s.Check(ctx, c)
	if err != nil || checked.Verdict != verify.Right || checked.Again || len(cells) == 0 {
		return checked, err
	}
	_ = run(ctx, s.client, s.counts(cells, 0, 1)...) // the answer is right, whether it is counted or not
	return checked, nil
}

// Redeem takes a proof away.
func (s *Store) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (bool, error) {
	one := &call{script: redeemScript, keys: []string{s.proof(to, proof)}, args: []any{s.clock(), id.String(), redislua.Micros(verify.RepeatFor)}}
	if err := run(ctx, s.client, one); err != nil {
		return false, wrapped("redeem", err)
	}
	n, err := one.answer.Int()
	return n == 1, wrapped("redeem", err)
}
