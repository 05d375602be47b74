package redisstore_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/redisstore"
)

// aclRules returns the rules that the package's comment documents.
func aclRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^//\tACL SETUSER codes on >secret (.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatal("doc.go documents no rules")
	}
	return strings.Fields(string(found[1]))
}

// aclUser makes a user with these rules, and returns its client.
func aclUser(t *testing.T, addr, name string, rules []string) redis.UniversalClient {
	t.Helper()
	admin := redis.NewClient(&redis.Options{Addr: addr})
	defer admin.Close()
	args := []any{"ACL", "SETUSER", name, "reset", "on", ">secret"}
	for _, r := range rules {
		args = append(args, r)
	}
	if err := admin.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin := redis.NewClient(&redis.Options{Addr: addr})
		defer admin.Close()
		admin.Do(t.Context(), "ACL", "DELUSER", name)
	})
	c := redis.NewClient(&redis.Options{Addr: addr, Username: name, Password: "secret", MaxRetries: -1})
	t.Cleanup(func() { c.Close() })
	return c
}

// useAll does every step of a Store, those that find something too.
func useAll(t *testing.T, s *redisstore.Store) (first error) {
	t.Helper()
	ctx := t.Context()
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	subject := verify.Subject{To: "+8613800000000", Purpose: "login"}
	limits := []verify.Limit{{Scope: "ip", Of: "192.0.2.0/24 192.0.2.1", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}},
		{Scope: "number", Of: "+8613800000000", Windows: []middleware.Window{{Count: 5, Per: time.Hour}}}}
	cells := []verify.Cell{{Scope: "prefix", Of: "+861380000", Per: time.Hour}}
	_, _, _, err := s.TakeSent(ctx, verify.ID{1}, limits, cells)
	note(err)
	_, _, _, err = s.TakeSent(ctx, verify.ID{2}, limits, cells) // refused
	note(err)
	note(s.ReturnSent(ctx, verify.ID{1}, limits, cells))
	tag := verify.Tag{7}
	_, err = s.Begin(ctx, verify.BeginStep{Subject: subject, Nonce: verify.ID{3}, Key: 1, Tag: tag, TTL: time.Minute, Max: 5})
	note(err)
	for i, tag := range []verify.Tag{{8}, tag} {
		_, err := s.CheckVerified(ctx, verify.CheckStep{Subject: subject, ID: verify.ID{4, byte(i)}, Max: 5, LockFor: time.Minute, Tags: []verify.KeyTag{{Key: 1, Tag: tag}},
			Proof: verify.ID{5}, ProofFor: time.Minute, Answers: limits}, cells)
		note(err)
	}
	_, err = s.Redeem(ctx, subject, verify.ID{5}, verify.ID{6})
	note(err)
	_, err = s.Redeem(ctx, subject, verify.ID{9}, verify.ID{6}) // there is none
	note(err)
	s.SetAhead(func() time.Duration { return 3 * time.Hour }) // what is counted by then is over
	_, _, _, err = s.TakeSent(ctx, verify.ID{10}, limits, cells)
	note(err)
	_, err = s.Check(ctx, verify.CheckStep{Subject: subject, ID: verify.ID{11}, Max: 5, Answers: limits})
	note(err)
	return first
}

// The documented rules are enough, and each of them is needed.
func TestACL(t *testing.T) {
	addr := servertest.Redis(t)
	rules := aclRules(t)
	store := func(name string, rules []string) *redisstore.Store {
		return redisstore.New(aclUser(t, addr, name, rules), redisstore.Options{})
	}
	clear := func() {
		admin := redis.NewClient(&redis.Options{Addr: addr})
		defer admin.Close()
		for _, key := range admin.Keys(t.Context(), "notify:verify:*").Val() {
			admin.Del(t.Context(), key)
		}
		admin.ScriptFlush(t.Context())
	}
	if err := useAll(t, store("enough", rules)); err != nil {
		t.Errorf("the documented rules are not enough: %v", err)
	}
	for i, r := range rules {
		if !strings.HasPrefix(r, "+") && !strings.HasPrefix(r, "~") {
			t.Errorf("the rule %s is neither a command nor keys", r)
		}
		clear()
		without := append(append([]string{}, rules[:i]...), rules[i+1:]...)
		if err := useAll(t, store("less", without)); err == nil {
			t.Errorf("without %s everything works: it is not needed", r)
		}
	}
}
