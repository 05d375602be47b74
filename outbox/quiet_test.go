package outbox

import (
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestQuietHours_endWithAChangeOfTheClocks(t *testing.T) {
	const layout = "2006-01-02 15:04:05 -0700"
	h, m := time.Hour, time.Minute
	for _, c := range []struct {
		name, zone string
		from, to   time.Duration
		at, want   string
	}{
		{"Santiago leaves 00:00 out", "America/Santiago", 21 * h, 0, "2026-09-05 22:00:00 -0400", "2026-09-06 01:00:00 -0300"},
		{"Santiago, half an hour before", "America/Santiago", 21 * h, 0, "2026-09-05 23:30:00 -0400", "2026-09-06 01:00:00 -0300"},
		{"Santiago, to a time in the gap", "America/Santiago", 21 * h, 30 * m, "2026-09-05 23:30:00 -0400", "2026-09-06 01:00:00 -0300"},
		{"Santiago, to a time after the gap", "America/Santiago", 21 * h, 8 * h, "2026-09-05 23:30:00 -0400", "2026-09-06 08:00:00 -0300"},
		{"Havana leaves 00:00 out", "America/Havana", 20 * h, 0, "2027-03-13 23:59:59 -0500", "2027-03-14 01:00:00 -0400"},
		{"New York leaves 02:30 out", "America/New_York", 22 * h, 2*h + 30*m, "2027-03-13 23:00:00 -0500", "2027-03-14 03:00:00 -0400"},
		{"New York, in the last minute", "America/New_York", 22 * h, 2*h + 30*m, "2027-03-14 01:59:00 -0500", "2027-03-14 03:00:00 -0400"},
		{"New York has 01:30 twice: the first", "America/New_York", 22 * h, h + 30*m, "2026-11-01 00:30:00 -0400", "2026-11-01 01:30:00 -0400"},
		{"New York has 01:15 twice: the second", "America/New_York", 22 * h, h + 30*m, "2026-11-01 01:15:00 -0500", "2026-11-01 01:30:00 -0500"},
		{"New York, to the hour that comes twice", "America/New_York", 22 * h, 2 * h, "2026-11-01 01:30:00 -0400", "2026-11-01 02:00:00 -0500"},
		{"London, over the gap", "Europe/London", 21 * h, 8 * h, "2027-03-27 23:00:00 +0000", "2027-03-28 08:00:00 +0100"},
		{"Lord Howe, half an hour", "Australia/Lord_Howe", 21 * h, 2*h + 15*m, "2026-10-04 01:30:00 +1030", "2026-10-04 02:30:00 +1100"},
		{"Cairo leaves 00:00 out", "Africa/Cairo", 22 * h, 0, "2027-04-29 23:00:00 +0200", "2027-04-30 01:00:00 +0300"},
		{"Beirut leaves 00:00 out", "Asia/Beirut", 22 * h, 0, "2027-03-27 23:00:00 +0200", "2027-03-28 01:00:00 +0300"},
		{"the last day of a leap year in the south", "Pacific/Auckland", 21 * h, 8 * h, "2028-12-31 23:00:00 +1300", "2029-01-01 08:00:00 +1300"},
		{"by day", "Asia/Shanghai", 12 * h, 14 * h, "2026-11-28 13:00:00 +0800", "2026-11-28 14:00:00 +0800"},
		{"outside", "Asia/Shanghai", 21 * h, 8 * h, "2026-11-28 08:00:00 +0800", "2026-11-28 08:00:00 +0800"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(layout, c.at)
			if err != nil {
				t.Fatal(err)
			}
			z := zone(t, c.zone)
			if got := (QuietHours{From: c.from, To: c.to}).until(at, z).In(z).Format(layout); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// The judge goes on minute by minute until the clock is outside of the span.
func TestQuietHours_everyMinute(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, name := range []string{"America/Santiago", "America/Havana", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe",
		"Pacific/Auckland", "Africa/Casablanca", "Asia/Beirut", "Asia/Shanghai", "Pacific/Chatham"} {
		z := zone(t, name)
		for year := 2026; year <= 2028; year++ {
			for at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.Add(time.Duration(1+random.IntN(30)) * time.Hour) {
				q := QuietHours{From: time.Duration(random.IntN(96)) * 15 * time.Minute, To: time.Duration(random.IntN(96)) * 15 * time.Minute}
				if q.validate() != nil {
					continue
				}
				want := at
				for local := want.In(z); q.holds(time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute); local = want.In(z) {
					want = want.Add(time.Minute)
				}
				if got := q.until(at, z); !got.Equal(want) {
					t.Fatalf("%s, %v to %v, at %v: %v, want %v", name, q.From, q.To, at.In(z), got.In(z), want.In(z))
				}
			}
		}
	}
}

type none struct{ Engine }

func promotions(t *testing.T, source func(string) (*time.Location, error)) *Outbox {
	t.Helper()
	r, err := sms.NewRegistry(sms.Template{Name: "sale", Kind: sms.Promotion, Text: "Everything must go."},
		sms.Template{Name: "login", Kind: sms.Verification, Text: "${code}"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{Engine: none{}, Templates: r, Sender: sms.SenderFunc(nil),
		QuietHours: map[sms.Kind]QuietHours{sms.Promotion: {From: 21 * time.Hour, To: 8 * time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	b.zones.source = source
	return b
}

func TestEnqueue_refusesATagThatNamesNoZone(t *testing.T) {
	b := promotions(t, nil)
	for tag, bad := range map[string]bool{
		"Asia/Shangai": true, "UTC+8": true, "+08:00": true, "Local": true, "CST": true, "Berlin": true, "Europe/": true,
		"../etc/passwd": true, "Europe/Berlin ": true, " ": true, "Asia/Shanghai\n": true, strings.Repeat("x", 1000): true,
		"": false, "Asia/Shanghai": false, "Europe/Berlin": false, "UTC": false, "America/Argentina/Buenos_Aires": false,
	} {
		_, err := b.Prepare(time.Time{}, sms.Message{To: "+12125550123", Template: "sale", Key: "k", Tags: map[string]string{"timezone": tag}})
		if !bad {
			if err != nil {
				t.Errorf("%q: %v", tag, err)
			}
			continue
		}
		refused, ok := errors.AsType[*EnqueueError](err)
		if !ok || sms.ReasonOf(refused.Faults[0].Err) != sms.InvalidMessage {
			t.Errorf("%q: %v, want a fault", tag, err)
		}
	}
	_, err := b.Prepare(time.Time{}, sms.Message{To: "+12125550123", Template: "login", Params: sms.Params{"code": "123456"}, Key: "k",
		Tags: map[string]string{"timezone": "Asia/Shangai"}})
	if err != nil {
		t.Errorf("a code has no quiet hours, and is refused: %v", err)
	}
}

// The zone that the error recommends is another than the one that failed.
func TestEnqueue_recommendsAnotherZone(t *testing.T) {
	for _, tag := range []string{"Asia/Shanghai", "Europe/Berlin"} {
		b := promotions(t, func(name string) (*time.Location, error) { return nil, errors.New("no data for " + name) })
		b.zones.loaded.Clear()
		err := b.checkZone(sms.Message{Tags: map[string]string{"timezone": tag}}, sms.Promotion)
		if err == nil || strings.Count(err.Error(), tag) != 1 {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

// A message that was stored with a bad tag is put off by its number's region, and
// the tag is logged.
func TestQuiet_passesABadTagOver(t *testing.T) {
	b := promotions(t, nil)
	var log strings.Builder
	b.log = newTextLogger(&log)
	night := time.Date(2026, 11, 28, 15, 0, 0, 0, time.UTC) // 23:00 in China
	got := b.quiet(sms.Message{To: to138, Tags: map[string]string{"timezone": "Asia/Shangai"}}, sms.Promotion, night)
	if want := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !strings.Contains(log.String(), "Asia/Shangai") || strings.Contains(log.String(), string(to138)) {
		t.Errorf("the log: %s", log.String())
	}
}

// Every region of the table has a zone in which it can be day and night.
func TestNew_needsTheZonesOfAllRegions(t *testing.T) {
	b := promotions(t, nil)
	if err := b.zones.checkData(); err != nil {
		t.Error(err)
	}
	lacking := zoneCache{source: func(name string) (*time.Location, error) {
		if name == "Asia/Tokyo" {
			return nil, errors.New("unknown time zone " + name)
		}
		return time.UTC, nil
	}}
	err := lacking.checkData()
	if err == nil || !strings.Contains(err.Error(), "that of JP, Asia/Tokyo") || !strings.Contains(err.Error(), "time/tzdata") {
		t.Errorf("%v", err)
	}
}

const to138 = sms.Number("+8613800138000")

func newTextLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
