package outbox

import (
	"fmt"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// QuietHours are a span of every day in which a kind of message is put off to the
// span's end, where the recipient is: in the zone that the message's tag names,
// else in that of its number's region where the region has one, else in Zone.
// Time zones come from the system, or from package time/tzdata if the program
// imports it.
type QuietHours struct {
	// From and To are times of day since midnight: 21*time.Hour and 8*time.Hour.
	From, To time.Duration
	// Zone holds for numbers of which no zone is known, such as American ones. Nil:
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

// until gives the end of the quiet hours that hold at t in zone, else t itself.
func (q QuietHours) until(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	y, m, d := local.Date()
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	overnight := q.From > q.To
	switch {
	case overnight && clock >= q.From:
		d++
	case overnight && clock < q.To:
	case !overnight && clock >= q.From && clock < q.To:
	default:
		return t
	}
	end := time.Date(y, m, d, 0, int(q.To/time.Minute), 0, int(q.To%time.Minute), zone)
	if end.Before(t) { // the clocks were put back in between
		return t
	}
	return end
}

// zoneCache keeps the time zones that were loaded. Only names that exist are
// kept, so it is bounded by their number.
type zoneCache struct{ loaded sync.Map }

func (c *zoneCache) load(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	if z, ok := c.loaded.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	c.loaded.Store(name, z)
	return z
}

// quiet gives when a message that is due at t may go.
func (b *Outbox) quiet(m sms.Message, kind sms.Kind, t time.Time) time.Time {
	q, ok := b.o.QuietHours[kind]
	if !ok && kind == sms.International {
		q, ok = b.o.QuietHours[sms.Notification]
	}
	if !ok {
		return t
	}
	zone := b.zones.load(m.Tags[b.o.ZoneTag])
	if zone == nil {
		zone = b.zones.load(zones[m.To.Region()])
	}
	if zone == nil {
		zone = q.Zone
	}
	if zone == nil {
		return t
	}
	return q.until(t, zone)
}
