package sms_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// What queues hold today has to be readable by every later version: the texts
// here may get company and never change.
func TestMessage_JSON(t *testing.T) {
	for _, c := range []struct {
		name string
		m    sms.Message
		text string
	}{
		{"empty", sms.Message{}, `{}`},
		{"empty maps", sms.Message{Params: sms.Params{}, Tags: map[string]string{}}, `{}`},
		{"a template", sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}, Kind: sms.Verification, Key: "K"},
			`{"to":"+8613800000000","template":"login-code","params":{"code":"482913"},"kind":"verification","key":"K"}`},
		{"a body", sms.Message{To: "+15005550006", Body: "Hi <b> & 中\n", Kind: sms.Notification, From: "acme"},
			`{"to":"+15005550006","body":"Hi \u003cb\u003e \u0026 中\n","kind":"notification","from":"acme"}`},
		{"all", sms.Message{
			To: "+85261234567", Template: "t", Params: sms.Params{"b": "2", "a": "1"}, Body: "b", Kind: sms.Promotion, From: "f", Key: "k",
			Expires: time.Date(2030, 1, 2, 3, 4, 5, 6, time.FixedZone("", 8*3600)), Tags: map[string]string{"y": "2", "x": "1"},
		}, `{"to":"+85261234567","template":"t","params":{"a":"1","b":"2"},"body":"b","kind":"promotion","from":"f","key":"k","expires":"2030-01-02T03:04:05.000000006+08:00","tags":{"x":"1","y":"2"}}`},
		{"international", sms.Message{Kind: sms.International}, `{"kind":"international"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := json.Marshal(c.m)
			if err != nil || string(text) != c.text {
				t.Errorf("%v\ngot  %s\nwant %s", err, text, c.text)
			}
			var back sms.Message
			if err := json.Unmarshal([]byte(c.text), &back); err != nil {
				t.Fatal(err)
			}
			if again, err := json.Marshal(back); err != nil || string(again) != c.text {
				t.Errorf("after a round trip: %s, %v", again, err)
			}
			if !back.Expires.Equal(c.m.Expires) {
				t.Errorf("expires %v, want %v", back.Expires, c.m.Expires)
			}
		})
	}
}

func TestMessage_JSONOfALaterVersion(t *testing.T) {
	var m sms.Message
	if err := json.Unmarshal([]byte(`{"to":"+8613800000000","kind":"","priority":7}`), &m); err != nil || m.To != "+8613800000000" || m.Kind != 0 {
		t.Errorf("%v, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`{"kind":"voice"}`), &m); err == nil || !strings.Contains(err.Error(), `"voice"`) {
		t.Errorf("a kind that does not exist: %v", err)
	}
	if _, err := json.Marshal(sms.Message{Kind: 9}); err == nil {
		t.Error("a kind that does not exist was written")
	}
}

func TestReceipt_JSON(t *testing.T) {
	r := sms.Receipt{Provider: "aliyun", Key: "k", ID: "b1", RequestID: "r1", Segments: 2, Attempts: []sms.Attempt{{Provider: "x"}}}
	text, err := json.Marshal(r)
	if want := `{"provider":"aliyun","key":"k","id":"b1","request_id":"r1","segments":2}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

func TestMessage_Clone(t *testing.T) {
	m := sms.Message{To: "+8613800000000", Params: sms.Params{"code": "1"}, Tags: map[string]string{"a": "1"}}
	c := m.Clone()
	if !reflect.DeepEqual(c, m) {
		t.Fatalf("%v differs from %v", c, m)
	}
	m.Params["code"], m.Tags["a"] = "2", "2"
	if c.Params["code"] != "1" || c.Tags["a"] != "1" {
		t.Error("the copy shares a map")
	}
	if c := (sms.Message{}).Clone(); c.Params != nil || c.Tags != nil {
		t.Error("the copy of nothing has maps")
	}
}

func TestMessage_Expired(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		expires time.Time
		want    bool
	}{
		"never": {time.Time{}, false}, "later": {now.Add(1), false}, "now": {now, true}, "before": {now.Add(-1), true},
	} {
		if got := (sms.Message{Expires: c.expires}).Expired(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNewKey(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key := sms.NewKey()
		if len(key) < 26 || len(key) > sms.MaxKey || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("%q", key)
		}
		if seen[key] {
			t.Fatalf("%q twice", key)
		}
		seen[key] = true
	}
}

func FuzzMessage_JSON(f *testing.F) {
	f.Add([]byte(`{"to":"+8613800000000","params":{"code":"1"},"kind":"verification","expires":"2030-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"kind":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m sms.Message
		if json.Unmarshal(data, &m) != nil {
			return
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("read and not written again: %v", err)
		}
		var back sms.Message
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("written and not read again: %v", err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
			t.Fatalf("%s became %s", text, again)
		}
	})
}
