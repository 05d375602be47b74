package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/sms"
)

// Vendors ask the vendors of configured providers. *notify.Client is one.
type Vendors interface {
	// Look asks the vendor of a provider; see sms.Looker.
	Look(ctx context.Context, provider, id string, to sms.Number, at time.Time) (sms.Report, error)
}

// Look asks the vendors what became of the message with this key, if its state is not
// final, and records what they say as a report is recorded. A vendor that cannot be
// asked, or does not list the message, is passed over. The errors of the others are
// joined; what some said is recorded all the same.
func (t *Tracker) Look(ctx context.Context, key string, vendors Vendors) error {
	records, err := t.records(ctx, key)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range records {
		if !r.Own || r.VendorID == "" || r.Current().Final() {
			continue
		}
		to := sms.Number("") // some vendors need none
		if r.Sealed != "" {
			if to, err = t.keys.open(r.ID, r.Sealed); err != nil {
				failed = append(failed, err)
				continue
			}
		}
		report, err := vendors.Look(ctx, r.Provider, r.VendorID, to, r.TriedAt)
		switch {
		case errors.Is(err, errors.ErrUnsupported), errors.Is(err, sms.ErrNotFound):
		case err != nil:
			failed = append(failed, err)
		default:
			report.Key = r.Key
			failed = append(failed, t.Report(ctx, report))
		}
	}
	return errors.Join(failed...)
}
