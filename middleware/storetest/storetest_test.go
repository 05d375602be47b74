package storetest_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, storetest.Subject{
		New:     func(testing.TB) middleware.Store { return middleware.NewMemoryStore(10) },
		Advance: time.Sleep,
		Within:  synctest.Test,
	})
}

// broken is a good Store of which single steps are made bad.
type broken struct {
	middleware.Store
	claim func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error)
	keep  func(s middleware.Store, key string, id [16]byte, answer []byte, ttl time.Duration) error
	free  func(s middleware.Store, key string, id [16]byte) error
}

func (b broken) Claim(ctx context.Context, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
	if b.claim != nil {
		return b.claim(b.Store, c, ttl)
	}
	return b.Store.Claim(ctx, c, ttl)
}

func (b broken) Keep(ctx context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error {
	if b.keep != nil {
		return b.keep(b.Store, key, id, answer, ttl)
	}
	return b.Store.Keep(ctx, key, id, answer, ttl)
}

func (b broken) Free(ctx context.Context, key string, id [16]byte) error {
	if b.free != nil {
		return b.free(b.Store, key, id)
	}
	return b.Store.Free(ctx, key, id)
}

// Each Store here breaks one rule, and just the check of that rule finds it.
func TestChecks_findWhatIsBroken(t *testing.T) {
	ctx := context.Background()
	owner := func() *sync.Map { return new(sync.Map) }
	tests := []struct {
		breaks string // the checks that must fail
		store  func() broken
	}{
		{"the same claim again", func() broken {
			owners := owner()
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				got, err := s.Claim(ctx, c, ttl)
				if before, known := owners.Swap(c.Key, c.ID); known && before == c.ID && got.State == middleware.ClaimNew {
					got.State = middleware.ClaimInFlight // does not know its own
				}
				return got, err
			}}
		}},
		{"other content", func() broken {
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				c.Content = [32]byte{}
				return s.Claim(ctx, c, ttl)
			}}
		}},
		{"answered", func() broken {
			return broken{keep: func(s middleware.Store, key string, id [16]byte, answer []byte, ttl time.Duration) error {
				return s.Keep(ctx, key, id, []byte(strings.TrimSpace(string(answer))), ttl)
			}}
		}},
		{"kept by its owner", func() broken {
			owners := owner()
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				got, err := s.Claim(ctx, c, ttl)
				if got.State == middleware.ClaimNew {
					owners.Store(c.Key, c.ID)
				}
				return got, err
			}, keep: func(s middleware.Store, key string, _ [16]byte, answer []byte, ttl time.Duration) error {
				id, _ := owners.Load(key)
				return s.Keep(ctx, key, id.([16]byte), answer, ttl)
			}}
		}},
		{"freed", func() broken {
			return broken{free: func(middleware.Store, string, [16]byte) error { return nil }}
		}},
		{"freed by its owner", func() broken {
			owners := owner()
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				got, err := s.Claim(ctx, c, ttl)
				if got.State == middleware.ClaimNew {
					owners.Store(c.Key, c.ID)
				}
				return got, err
			}, free: func(s middleware.Store, key string, _ [16]byte) error {
				id, _ := owners.Load(key)
				return s.Free(ctx, key, id.([16]byte))
			}}
		}},
		{"at once", func() broken {
			var mu sync.Mutex
			seen := map[string]bool{}
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				mu.Lock()
				known := seen[c.Key]
				mu.Unlock()
				if !known { // looks first and writes later
					time.Sleep(time.Millisecond)
					mu.Lock()
					seen[c.Key] = true
					mu.Unlock()
					_, err := s.Claim(ctx, c, ttl)
					return middleware.Claimed{State: middleware.ClaimNew}, err
				}
				return s.Claim(ctx, c, ttl)
			}}
		}},
		{"forgotten", func() broken {
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				return s.Claim(ctx, c, 10*ttl)
			}}
		}},
		{"kept from then on", func() broken {
			return broken{keep: func(s middleware.Store, key string, id [16]byte, answer []byte, _ time.Duration) error {
				return s.Keep(ctx, key, id, answer, time.Minute)
			}}
		}},
		{"one claim", func() broken {
			return broken{claim: func(s middleware.Store, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
				if c.Key != "key" {
					c.Key, c.Content = "key", [32]byte{1} // keeps one key only
				}
				return s.Claim(ctx, c, ttl)
			}}
		}},
	}
	for _, test := range tests {
		t.Run(test.breaks, func(t *testing.T) {
			var failed []string
			for _, c := range storetest.Checks() {
				synctest.Test(t, func(t *testing.T) {
					s := test.store()
					s.Store = middleware.NewMemoryStore(10)
					if err := c.Run(t.Context(), s, time.Sleep); err != nil {
						failed = append(failed, c.Name)
					}
				})
			}
			if !slices.Equal(failed, []string{test.breaks}) {
				t.Errorf("the checks that failed are %q", failed)
			}
		})
	}
}
