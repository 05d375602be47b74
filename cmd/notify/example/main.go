// Command example is the command line with one more driver: copy it for a vendor
// of your own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/notifykit/notify/cmd/notify/cli"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

func main() {
	os.Exit(cli.Main(aliyun.Driver(), tencent.Driver(), twilio.Driver(), vonage.Driver(), smpp.Driver(), fake.Driver(), console()))
}

// settings are what stands in the file beside "driver: console".
type settings struct {
	Prefix string `yaml:"prefix" default:"SMS" doc:"what each line begins with"`
}

// console is a driver whose vendor is the standard error.
func console() sms.Driver {
	return sms.Driver{
		Name:     "console",
		Settings: settings{},
		Codes:    []sms.CodeInfo{{Code: "closed", Meaning: "nobody reads", Reason: sms.Unavailable, Outcome: sms.Rejected, Advice: "Open a terminal."}},
		Open: func(c sms.DriverConfig) (sms.Sender, error) {
			s := settings{Prefix: "SMS"}
			if err := c.Decode(&s); err != nil {
				return nil, err
			}
			return sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
				text := m.Body
				if m.Template != "" {
					var err error
					if text, err = c.Templates.Render(m, c.Name); err != nil {
						return sms.Receipt{}, err
					}
				}
				fmt.Fprintln(os.Stderr, s.Prefix, m.To, text)
				return sms.Receipt{Provider: c.Name, Key: m.Key, ID: "1", Segments: 1}, nil
			}), nil
		},
	}
}
