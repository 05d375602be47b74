package main_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// A vendor's own pace is waited for: no row goes to another vendor because of it, and none
// is refused. With overflow the others take what waits too long.
func TestBulk_pace(t *testing.T) {
	for _, c := range []struct {
		name              string
		perSecond, rows   int
		route             string
		aliyun, nonAliyun bool
	}{
		{"two vendors", 60, 150, "[aliyun, twilio]", true, false},
		{"one vendor", 20, 60, "[aliyun]", true, false},
		{"overflow", 20, 100, "[aliyun, twilio], overflow: true", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if os.Getenv("NOTIFY_LONG") == "1" {
				c.rows *= 10
			}
			w := newWorld(t, sandbox.Options{})
			w.edit("notify.yaml", "per_number: [60/minute]", fmt.Sprintf("per_number: [1000/minute]\n      per_provider: {aliyun: %d/s}", c.perSecond))
			w.edit("notify.yaml", "providers: [aliyun, twilio]}", "providers: "+c.route+"}")
			w.write("people.csv", people(c.rows))
			w.ok("bulk", "people.csv", "--template", "shipped", "--region", "CN")
			if got := w.results("people.results.csv")["accepted"]; got != c.rows {
				t.Errorf("%d of %d rows were accepted", got, c.rows)
			}
			by := map[string]int{}
			for _, m := range w.sandbox.Messages("") {
				by[m.Vendor]++
			}
			if (by["aliyun"] > 0) != c.aliyun || (by["twilio"] > 0) != c.nonAliyun || by["aliyun"]+by["twilio"] != c.rows {
				t.Errorf("the vendors have %v of %d", by, c.rows)
			}
		})
	}
}
