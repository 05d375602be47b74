package outboxtable

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// The shortest times that do not defeat their purpose.
const (
	leastLease = 100 * time.Millisecond
	leastKeep  = 24 * time.Hour
	leastPoll  = time.Millisecond
)

// Completed gives o with what is zero filled in: a lease of 10 seconds, a window
// of 24 hours, this poll, no log. Every fault comes in one error.
func (o Options) Completed(poll time.Duration) (Options, error) {
	o.Lease = cmp.Or(o.Lease, 10*time.Second)
	o.Keep = cmp.Or(o.Keep, leastKeep)
	o.Poll = cmp.Or(o.Poll, poll)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var faults []error
	if o.Lease < leastLease {
		faults = append(faults, fmt.Errorf("the Lease is %v: it is at least %v", o.Lease, leastLease))
	}
	if o.Keep < leastKeep {
		faults = append(faults, fmt.Errorf("the Keep is %v: it is at least %v, so that a Key is sent once in a day", o.Keep, leastKeep))
	}
	if o.Poll < leastPoll {
		faults = append(faults, fmt.Errorf("the Poll is %v: it is at least %v", o.Poll, leastPoll))
	}
	return o, errors.Join(faults...)
}
