package storetest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/storetest"
	"github.com/notifykit/notify/sms"
)

// memoryList is the list in memory with the methods of one that is shared.
type memoryList struct{ *middleware.SuppressionList }

func (l memoryList) Add(_ context.Context, to sms.Number, s middleware.Suppression, kinds ...sms.Kind) error {
	l.SuppressionList.Add(to, s, kinds...)
	return nil
}

func (l memoryList) Remove(_ context.Context, to sms.Number, kinds ...sms.Kind) error {
	l.SuppressionList.Remove(to, kinds...)
	return nil
}

func TestSuppressionList(t *testing.T) {
	storetest.RunSuppressions(t, func(testing.TB) storetest.List { return memoryList{new(middleware.SuppressionList)} })
}

// brokenList is a good List of which single steps are made bad.
type brokenList struct {
	memoryList
	add    func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error
	remove func(l memoryList, to sms.Number, kinds []sms.Kind) error
}

func (b brokenList) Add(ctx context.Context, to sms.Number, s middleware.Suppression, kinds ...sms.Kind) error {
	if b.add != nil {
		return b.add(b.memoryList, to, s, kinds)
	}
	return b.memoryList.Add(ctx, to, s, kinds...)
}

func (b brokenList) Remove(ctx context.Context, to sms.Number, kinds ...sms.Kind) error {
	if b.remove != nil {
		return b.remove(b.memoryList, to, kinds)
	}
	return b.memoryList.Remove(ctx, to, kinds...)
}

// Each List here breaks one rule, and just the check of that rule finds it.
func TestSuppressionsChecks_findWhatIsBroken(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		breaks string
		list   brokenList
	}{
		{"one number", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			if s.Reason == "dead number" { // by the region
				_ = l.Add(ctx, "+8613800000001", s, kinds...)
			}
			return l.Add(ctx, to, s, kinds...)
		}}},
		{"one kind", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			if s.Reason == "no" { // an unset kind is all
				kinds = nil
			}
			return l.Add(ctx, to, s, kinds...)
		}}},
		{"replaced", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			if _, ok, _ := l.Suppressed(ctx, to, sms.Promotion); ok && s.Reason == "second" {
				return nil
			}
			return l.Add(ctx, to, s, kinds...)
		}}},
		{"removed", brokenList{remove: func(l memoryList, to sms.Number, kinds []sms.Kind) error {
			return l.Remove(ctx, to) // all of them
		}}},
		{"two writings", brokenList{remove: func(l memoryList, to sms.Number, kinds []sms.Kind) error {
			if to != to.Subject() || to.Region() != "BR" {
				return l.Remove(ctx, to, kinds...)
			}
			return nil // it was added under the other
		}}},
		{"since", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			s.Since = time.Now()
			return l.Add(ctx, to, s, kinds...)
		}}},
		{"any reason", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			s.Reason = strings.TrimSpace(s.Reason)
			return l.Add(ctx, to, s, kinds...)
		}}},
		{"at once", brokenList{add: func(l memoryList, to sms.Number, s middleware.Suppression, kinds []sms.Kind) error {
			if s.Reason == "x" && s.Since.IsZero() && len(kinds) == 1 && kinds[0] == sms.Promotion {
				return nil // the last one's is lost
			}
			return l.Add(ctx, to, s, kinds...)
		}}},
	}
	for _, test := range tests {
		t.Run(test.breaks, func(t *testing.T) {
			var failed []string
			for _, c := range storetest.SuppressionsChecks() {
				l := test.list
				l.memoryList = memoryList{new(middleware.SuppressionList)}
				if err := c.Run(t.Context(), l); err != nil {
					failed = append(failed, c.Name)
				}
			}
			if !slices.Equal(failed, []string{test.breaks}) {
				t.Errorf("the checks that failed are %q", failed)
			}
		})
	}
}
