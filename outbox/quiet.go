package outbox

//go:generate go -C ../tools run ./zones -o ../outbox/zones.go

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// QuietHours is a span of every day in which a kind of message is not sent. A
// message that falls into it is put off to the first moment at which the clock
// where the recipient is shows a time outside of the span. That clock is in the
// zone that the message's tag names, else in that of its number's region if all
// of the region has one time, else in Zone.
//
// Time zones come from the system, or from package time/tzdata if the program
// imports it. If an Outbox has QuietHours, New returns an error if the zone of a
// region cannot be loaded, and Enqueue refuses a message of such a kind whose tag
// does not name a zone.
type QuietHours struct {
	// From and To are times of day since midnight: 21*time.Hour and 8*time.Hour.
	From, To time.Duration
	// Zone is used for numbers whose zone is not known, such as American ones. Nil:
	// those are not put off.
	Zone *time.Location
}

const day = 24 * time.Hour

func (q QuietHours) validate() error {
	switch {
	case q.From < 0 || q.From >= day || q.To < 0 || q.To >= day:
		return fmt.Errorf("from %v to %v: each is a time of day, 0 up to 24 hours", q.From, q.To)
	case q.From == q.To:
		return fmt.Errorf("from %v to %v is no span: leave it out", q.From, q.To)
	}
	return nil
}

// holds reports whether a local time of day is in the span.
func (q QuietHours) holds(clock time.Duration) bool {
	if q.From > q.To { // overnight
		return clock >= q.From || clock < q.To
	}
	return clock >= q.From && clock < q.To
}

// until returns the first time, t or later, at which the clock in zone is outside
// of the span. A change of the clocks inside the span makes the wait shorter or
// longer; if the span's end is a time of day that the change leaves out, the wait
// ends with the change.
func (q QuietHours) until(t time.Time, zone *time.Location) time.Time {
	for {
		local := t.In(zone)
		clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
			time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		if !q.holds(clock) {
			return t
		}
		end := t.Add((q.To - clock + day) % day)
		_, change := local.ZoneBounds()
		// On the last day of a leap year ZoneBounds may return a change in the past.
		if !change.After(t) || end.Before(change) {
			return end
		}
		t = change
	}
}

// zoneCache keeps the time zones that were loaded. Only names that exist are
// kept, so it is bounded by their number.
type zoneCache struct {
	loaded sync.Map
	source func(string) (*time.Location, error) // nil: time.LoadLocation
}

func (c *zoneCache) load(name string) (*time.Location, error) {
	if z, ok := c.loaded.Load(name); ok {
		return z.(*time.Location), nil
	}
	if name == "Local" || name == "" { // this machine's zone is not the recipient's
		return nil, fmt.Errorf("%q names no place", name)
	}
	source := c.source
	if source == nil {
		source = time.LoadLocation
	}
	z, err := source(name)
	if err != nil {
		return nil, err
	}
	c.loaded.Store(name, z)
	return z, nil
}

// checkData returns an error if the zone of a region cannot be loaded.
func (c *zoneCache) checkData() error {
	for _, region := range slices.Sorted(maps.Keys(zones)) {
		if _, err := c.load(zones[region]); err != nil {
			return fmt.Errorf("outbox: QuietHours need the time zones of all regions, and that of %s, %s, cannot be loaded: "+
				"import time/tzdata into the program, or install the system's package tzdata: %w", region, zones[region], err)
		}
	}
	return nil
}

// quietHours returns the quiet hours of a kind.
func (o Options) quietHours(kind sms.Kind) (QuietHours, bool) {
	q, ok := o.QuietHours[kind]
	if !ok && kind == sms.International {
		q, ok = o.QuietHours[sms.Notification]
	}
	return q, ok
}

// checkZone returns an error if m has quiet hours and its tag names a zone that
// does not exist.
func (b *Outbox) checkZone(m sms.Message, kind sms.Kind) error {
	tag := m.Tags[b.o.ZoneTag]
	if _, ok := b.o.quietHours(kind); !ok || tag == "" {
		return nil
	}
	if _, err := b.zones.load(tag); err == nil {
		return nil
	}
	example := "Asia/Shanghai"
	if tag == example {
		example = "Europe/Berlin"
	}
	return refuse(m, sms.InvalidMessage, fmt.Sprintf("the tag %q is %.64q, which is not the name of a time zone, and a %v has quiet hours: "+
		"write a name of the IANA time zone database, such as %s, or leave the tag out", b.o.ZoneTag, tag, kind, example))
}

// quiet returns when a message that is due at t may be sent. A tag that names no
// zone, which Enqueue refuses, is logged and passed over.
func (b *Outbox) quiet(m sms.Message, kind sms.Kind, t time.Time) time.Time {
	q, ok := b.o.quietHours(kind)
	if !ok {
		return t
	}
	tag, region := m.Tags[b.o.ZoneTag], m.To.Region()
	for _, name := range []string{tag, zones[region]} {
		if name == "" {
			continue
		}
		zone, err := b.zones.load(name)
		if err == nil {
			return q.until(t, zone)
		}
		b.log.Warn("a time zone cannot be loaded: quiet hours go by the next that is known", "zone", name, "region", region, "key", m.Key, "error", err)
	}
	if q.Zone == nil {
		return t
	}
	return q.until(t, q.Zone)
}
