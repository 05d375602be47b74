package cli

import (
	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

func (a *app) forget() *cobra.Command {
	region := ""
	c := &cobra.Command{
		Use:   "forget NUMBER",
		Short: "Remove what is recorded about a person's messages",
		Long: `Remove every delivery record of a number, and say how many there were. The outbox,
codes and lists of suppressed numbers are not touched.`,
		Example: `  notify forget +8613800000000
  notify forget "138 0000 0000" --region CN`,
		Args: cobra.ExactArgs(1),
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error {
			n, err := sms.ParseNumber(args[0], region)
			if err != nil {
				return err
			}
			return a.withRecord(c.Context(), func(_ notify.Config, r *record) error {
				removed, err := r.Forget(c.Context(), n)
				if err != nil {
					return err
				}
				return a.show(map[string]int{"delivery": removed}, func() {
					a.out.printf("removed %s of %v\n", count(removed, "delivery record"), n)
				})
			})
		}),
	}
	c.Flags().StringVar(&region, "region", "", "where the number was typed, two letters such as CN; needed if it has no country code")
	return c
}
