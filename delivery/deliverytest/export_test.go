package deliverytest

import (
	"context"

	"github.com/notifykit/notify/delivery"
)

// Faults returns the names of the checks that the store fails.
func Faults(ctx context.Context, open func() delivery.Store) (names []string) {
	for _, c := range checks {
		if err := c.run(ctx, open()); err != nil {
			names = append(names, c.name)
		}
	}
	return names
}
