package verify_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/verify"
)

// What stores may write down as JSON comes back as it was, for years.
func TestRecordsInJSON(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	record := verify.Record{Nonce: verify.ID{1, 2}, Key: 1<<64 - 1, Tag: verify.Tag{3}, Renew: at, Expires: at.Add(1), Used: true, Keep: at.Add(2),
		Failed: []verify.ID{{4}, {5}}, CountUntil: at.Add(3), Winner: verify.ID{6}, WinnerUntil: at.Add(4)}
	for _, value := range []any{record, verify.Record{}, verify.ProofRecord{Until: at, Redeemer: verify.ID{7}}, verify.Tokens{{ID: verify.ID{8}, At: at}}} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(value))
		if err := json.Unmarshal(text, back.Interface()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back.Elem().Interface(), value) {
			t.Errorf("%s\ncame back as %+v", text, back.Elem())
		}
	}
	const old = `{"nonce":"01020000000000000000000000000000","key":18446744073709551615,"tag":"0300000000000000000000000000000000000000000000000000000000000000",` +
		`"renew":"2026-03-01T12:00:00.123456789Z","expires":"2026-03-01T12:00:00.12345679Z","used":true,"keep":"2026-03-01T12:00:00.123456791Z",` +
		`"failed":["04000000000000000000000000000000","05000000000000000000000000000000"],"count_until":"2026-03-01T12:00:00.123456792Z",` +
		`"winner":"06000000000000000000000000000000","winner_until":"2026-03-01T12:00:00.123456793Z"}`
	if text, _ := json.Marshal(record); string(text) != old {
		t.Errorf("a record is written as\n%s\nand was before as\n%s", text, old)
	}
	for _, bad := range []string{`{"nonce":"01"}`, `{"tag":"zz` + strings.Repeat("0", 62) + `"}`, `{"winner":"` + strings.Repeat("0", 34) + `"}`} {
		if err := json.Unmarshal([]byte(bad), &verify.Record{}); err == nil {
			t.Errorf("%s is taken for a record", bad)
		}
	}
}

func TestVerdictNames(t *testing.T) {
	for v, want := range map[verify.Verdict]string{0: "none", verify.Right: "right", verify.TooMany: "too many", verify.UnknownKey: "unknown key", -1: "verdict(-1)", 99: "verdict(99)"} {
		if v.String() != want {
			t.Errorf("verdict %d is called %q, not %q", int(v), v, want)
		}
	}
}

// A store that says something that no rule knows lets nobody in.
func TestCheck_aStoreThatSaysNothing(t *testing.T) {
	w := newWorld(t, func(o *verify.Options) { o.Store = &silentStore{Store: verify.NewMemoryStore()} })
	if err := w.check(alice, w.start(alice)); err == nil {
		t.Error("a zero verdict is taken for right")
	}
}
