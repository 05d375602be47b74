package cli

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// firstConfig is what notify init writes. A test opens it.
//
//go:embed init.yaml
var firstConfig []byte

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration that works with the sandbox",
		Long: `Write a first notify.yaml, which works with notify sandbox and without any
account, and tell how to go on to a real vendor. A file that exists is left alone.`,
		Example: `  notify init
  notify init --config sms/notify.yaml`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(*cobra.Command) error {
			if err := writeNew(a.config, firstConfig); err != nil {
				return err
			}
			return a.show(map[string]string{"written": a.config}, func() { a.out.printf(nextSteps, a.config) })
		}),
	}
}

const nextSteps = `%s is written. It sends to a sandbox on this machine:

  notify sandbox                                                               in one terminal
  notify send --to +8613800000000 --template login-code code=482913            in another
  http://127.0.0.1:8025/inbox                                                  shows what arrived
  notify explain KEY                                                           says what became of it

Then, with a real vendor:

  1. set NOTIFY_ENV=production and the variables that the file names
  2. write your signature and your templates' codes in place of the sandbox's
  3. notify check asks the vendor whether all of it is approved and registered
  4. notify send --dry-run shows what would be sent, before the first real message
`
