package vendortest_test

import (
	"context"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A box is one process with an outbox.
type box struct {
	*outbox.Outbox
	engine *outboxtest.Memory
}

func startBox(t *testing.T, disk *outboxtest.Disk, c notify.Config) *box {
	t.Helper()
	templates, err := sms.NewRegistry(c.Templates...)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{engine: disk.Open()}
	b.Outbox, err = outbox.New(outbox.Options{Engine: b.engine, Sender: openProcess(t, c), Templates: templates,
		FindAfter: 50 * time.Millisecond, AskFor: 50 * time.Millisecond, SendTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = b.Close(ended) // of a process that is gone it says so
	})
	return b
}

// A process dies after the vendor has taken a message, and the next one has another
// configuration. The vendors have the message once; if the next one would look for
// another message, a person decides.
func TestClient_outbox_after_a_deploy(t *testing.T) {
	for name, deploy := range deploys {
		for _, rewriting := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", a rewrite in both"}[rewriting], func(t *testing.T) {
				t.Parallel()
				sb, other := sandboxtest.Start(t), sandboxtest.Start(t)
				with := func(deploy func(*notify.Config)) notify.Config {
					return process(sb.URL, func(c *notify.Config) {
						if rewriting {
							c.Rewrite, c.RewriteVersion = []notify.Rewrite{shorten}, "1"
						}
						elsewhere := c.Providers["two"].Settings.(twilio.Options)
						elsewhere.Endpoint = other.URL
						c.Providers["two"] = notify.ProviderConfig{Driver: "twilio", Settings: elsewhere}
						if deploy != nil {
							deploy(c)
						}
					})
				}
				if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, Operation: "send", Latency: 10 * time.Second, Times: 1}); err != nil {
					t.Fatal(err)
				}
				disk := outboxtest.NewDisk()
				first := startBox(t, disk, with(nil))
				if err := first.Enqueue(t.Context(), notice()); err != nil {
					t.Fatal(err)
				}
				for len(sb.Messages("")) == 0 {
					time.Sleep(time.Millisecond) // until the vendor has it, over real HTTP
				}
				first.engine.Kill()
				second := startBox(t, disk, with(deploy))
				want := outbox.Accepted // what has the same text is found
				if name == "the text" || name == "the route" || name == "the redirect" || name == "the rewrite" && !rewriting {
					want = outbox.Held
				}
				await(t, second.Outbox, notice().Key, want)
				if n := len(sb.Messages("")) + len(other.Messages("")); n != 1 {
					t.Errorf("the vendors have it %d times", n)
				}
			})
		}
	}
}

// A value that only a Rewrite makes fit is taken, and one that a Rewrite refuses is not.
func TestClient_outbox_checks_what_is_sent(t *testing.T) {
	sb := sandboxtest.Start(t)
	b := startBox(t, outboxtest.NewDisk(), process(sb.URL, func(c *notify.Config) {
		c.Templates[0].Variables = map[string]sms.Variable{"order": {MaxLen: 8}}
		c.Rewrite = []notify.Rewrite{shorten, func(_ context.Context, m sms.Message) (sms.Message, error) {
			if m.From == "bad" {
				return m, sms.Unsupported
			}
			return m, nil
		}}
	}))
	bad := notice()
	bad.From, bad.Key = "bad", "other"
	if err := b.Enqueue(t.Context(), bad); sms.ReasonOf(err) != sms.Unsupported {
		t.Errorf("%v", err)
	}
	if err := b.Enqueue(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	await(t, b.Outbox, notice().Key, outbox.Accepted)
}
