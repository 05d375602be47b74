package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
	"github.com/notifykit/notify/sms"
)

// enqueueTogether is how many rows are put into the outbox at once.
const enqueueTogether = 1000

// enqueueRows puts the good rows into the outbox. A row's key is made of file and
// row, so a run that was ended may be begun again without harm.
func (a *app) enqueueRows(ctx context.Context, o *opened, s *bulkSheet, c *rowCheck) (err error) {
	answer := c.answer
	b, err := a.openBox(ctx, o.client, o.templates)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var batch []sms.Message
	var failed error
	put := func() bool {
		if failed = b.Enqueue(ctx, batch...); failed == nil {
			answer.Enqueued += len(batch)
		}
		batch = batch[:0]
		return failed == nil
	}
	err = s.Each(func(r sheet.Row) bool {
		if _, left := c.left.get(r.Line); left {
			return true
		}
		m, err := s.message(r)
		if err != nil {
			failed = err
			return false
		}
		batch = append(batch, m)
		return len(batch) < enqueueTogether || put()
	})
	if err == nil && failed == nil && len(batch) > 0 {
		put()
	}
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("%d rows are in the outbox; run the same again to put in the others: %w", answer.Enqueued, err)
	}
	return a.show(answer, func() {
		a.out.printf("%s in the outbox; notify outbox run sends them, and notify outbox status counts\n", count(answer.Enqueued, "message"))
	})
}
