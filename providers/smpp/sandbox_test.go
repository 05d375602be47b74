package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sandbox"
	smsc "github.com/notifykit/notify/sandbox/smpp"
	"github.com/notifykit/notify/sms"
)

// carrier is a sandbox in memory. Its options' Dial leads there.
func carrier(t *testing.T, o sandbox.Options) (*sandbox.Sandbox, smpp.Options) {
	t.Helper()
	o.SMPP = "127.0.0.1:0"
	sb := sandbox.New(o)
	if err := sb.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sb.Close() })
	return sb, smpp.Options{
		Endpoint: "smsc.test:2775", SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword, From: "ACME",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go sb.ServeConn(t.Context(), sandbox.SMPP, there)
			return here, nil
		},
	}
}

func open(t *testing.T, o smpp.Options) *smpp.Provider {
	t.Helper()
	p, err := smpp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("it does not close: %v", err)
		}
	})
	return p
}

// Every text comes whole through every alphabet and form.
func TestSandbox_texts(t *testing.T) {
	for _, alphabet := range []string{"gsm", "packed", "ascii", "latin1"} {
		for _, long := range []string{"udh", "udh16", "sar", "payload"} {
			synctest.Test(t, func(t *testing.T) {
				sb, o := carrier(t, sandbox.Options{SMSC: smsc.Options{Alphabet: alphabet}})
				o.Alphabet, o.Long = alphabet, long
				p := open(t, o)
				for _, text := range []string{"hello", "hello @{}€é", "漢字 😀", strings.Repeat("x{", 200), strings.Repeat("漢", 150)} {
					sb.Clear("")
					receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: text})
					if err != nil {
						t.Fatalf("%s, %s, %.8q: %v", alphabet, long, text, err)
					}
					sent := sb.Messages(to)
					if len(sent) != 1 || sent[0].Text != text || sent[0].ID != receipt.ID || sent[0].From != "ACME" {
						t.Fatalf("%s, %s, %.8q: the sandbox holds %v, the receipt says %v", alphabet, long, text, sent, receipt)
					}
					if n := len(receipt.IDs); long != "payload" && n > 1 && n != receipt.Segments || receipt.Segments == 0 {
						t.Errorf("%s, %s, %.8q: %d IDs of %d segments", alphabet, long, text, n, receipt.Segments)
					}
				}
			})
		}
	}
}

// Every command_status of the table, through a session, means what the table says.
func TestSandbox_everyCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, o := carrier(t, sandbox.Options{})
		p := open(t, o)
		tried := 0
		for _, row := range append(smpp.Codes(), sms.CodeInfo{Code: "0x401", Reason: sms.Unsupported, Outcome: sms.Rejected}) {
			if row.Late {
				continue
			}
			tried++
			if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Operation: "send", Code: row.Code}); err != nil {
				t.Fatal(err)
			}
			_, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"})
			e, _ := errors.AsType[*sms.Error](err)
			if e == nil || e.Code != row.Code || e.Reason != row.Reason || e.Outcome != row.Outcome {
				t.Errorf("%s: %v, want %s, %v", row.Code, err, row.Reason, row.Outcome)
			}
			time.Sleep(time.Minute) // a session that was given up is bound again, a pause is over
		}
		if n := len(sb.Messages("")); tried < 40 || n != 0 {
			t.Errorf("%d codes were tried, %d messages were taken", tried, n)
		}
		// Of a bind, every code leaves the message unsent.
		for _, row := range smpp.Codes() {
			if row.Late {
				continue
			}
			sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Operation: "bind", Code: row.Code})
			_, err := open(t, o).Send(t.Context(), sms.Message{To: to, Body: "hello"})
			if sms.ReasonOf(err) != row.Reason || sms.OutcomeOf(err) != sms.Rejected {
				if row.Code != "0x03" { // it is bound as a pair, which gets the code too
					t.Errorf("a bind and %s: %v", row.Code, err)
				}
			}
		}
	})
}

// What the sandbox refuses by itself the provider reads as it is meant.
func TestSandbox_refusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, o := carrier(t, sandbox.Options{})
		for name, c := range map[string]struct {
			change func(*smpp.Options)
			reason sms.Reason
			code   string
		}{
			"a wrong password":  {func(o *smpp.Options) { o.Password = "wrong" }, sms.Unauthorized, "0x0E"},
			"a wrong system_id": {func(o *smpp.Options) { o.SystemID = "nobody"; o.AllowPlainTCP = true }, sms.Unauthorized, "0x0F"},
			"a long sender":     {func(o *smpp.Options) { o.From = strings.Repeat("1", 20); o.TONs = map[string]string{o.From: "5/0"} }, "", ""},
		} {
			o := o
			o.AllowPlainTCP = true
			c.change(&o)
			_, err := open(t, o).Send(t.Context(), sms.Message{To: to, Body: "hello"})
			e, _ := errors.AsType[*sms.Error](err)
			if c.code == "" && err == nil {
				continue
			}
			if e == nil || e.Reason != c.reason || e.Code != c.code || e.Outcome != sms.Rejected {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(sb.Messages("")); n != 1 {
			t.Errorf("%d messages were taken", n)
		}
	})
}

// A carrier without bind_transceiver gets a pair, and both halves work.
func TestSandbox_binds(t *testing.T) {
	for name, c := range map[string]struct {
		bind     string
		old      bool
		receives bool
	}{
		"a transceiver":                  {"", false, true},
		"a pair":                         {"pair", false, true},
		"a pair, because the carrier is": {"", true, true},
		"a transmitter":                  {"transmitter", false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			sb, o := carrier(t, sandbox.Options{SMSC: smsc.Options{NoTransceiver: c.old}})
			o.Bind, o.Binds = c.bind, 3
			p := open(t, o)
			if findings, err := p.Inspect(t.Context()); err != nil || findings[0].State != sms.Ready {
				t.Errorf("%s: %v, %v", name, findings, err)
			}
			if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if p.Can().Webhooks != c.receives {
				t.Errorf("%s: it can receive: %v", name, p.Can().Webhooks)
			}
			synctest.Wait()
			_, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: sandbox.SMPP, From: to, Text: "yes"})
			// Nobody listens: the carrier is to send it again.
			if heard := err != nil && strings.Contains(err.Error(), "0x64"); heard != c.receives {
				t.Errorf("%s: a reply: %v", name, err)
			}
		})
	}
}

// heard listens, and passes on what arrives.
func heard(t *testing.T, p *smpp.Provider, store func(kit.Inbound) error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Listen(ctx, func(_ context.Context, in kit.Inbound) error { return store(in) }) }()
	t.Cleanup(func() { cancel(); <-ended })
	synctest.Wait()
}

// Receipts in the carrier's forms are read as what they are.
func TestSandbox_reports(t *testing.T) {
	for name, c := range map[string]struct {
		ids, form, fails string
		want             sms.DeliveryState
		reason           sms.Reason
		times            int
	}{
		"delivered":              {"", "", "", sms.StateDelivered, "", 1},
		"the text alone":         {"", "no_tlv", "", sms.StateDelivered, "", 1},
		"in decimal":             {"decimal", "decimal", "", sms.StateDelivered, "", 1},
		"in hexadecimal":         {"hex", "hex", "", sms.StateDelivered, "", 1},
		"twice":                  {"", "twice", "", sms.StateDelivered, "", 2},
		"late":                   {"", "late", "", sms.StateDelivered, "", 1},
		"expired":                {"", "", "EXPIRED", sms.StateExpired, sms.Expired, 1},
		"refused":                {"", "", "REJECTD", sms.StateBlocked, sms.RecipientBlocked, 1},
		"a code of the carrier":  {"", "", "17", sms.StateUndelivered, sms.InvalidNumber, 1},
		"undelivered, no option": {"", "no_tlv", "UNDELIV", sms.StateUndelivered, sms.InvalidNumber, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			sb, o := carrier(t, sandbox.Options{Pace: time.Second})
			o.ReceiptIDs = c.ids
			if c.form != "" || c.fails != "" {
				if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Report: c.form, Fails: c.fails}); err != nil {
					t.Fatal(err)
				}
			}
			p := open(t, o)
			var got []sms.Report
			heard(t, p, func(in kit.Inbound) error { got = append(got, in.Reports...); return nil })
			began := time.Now()
			receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if len(got) != c.times {
				t.Fatalf("%s: %d reports, want %d", name, len(got), c.times)
			}
			r := got[0]
			if r.ID != receipt.ID || r.State != c.want || r.To != to || r.Provider != "smpp" || r.Reason != c.reason {
				t.Errorf("%s: %v (id %s, reason %q), want id %s, %v", name, r, r.ID, r.Reason, receipt.ID, c.want)
			}
			if c.fails == "17" && r.Message != "err:017" {
				t.Errorf("%s: the carrier's code is %q", name, r.Message)
			}
			if r.At.Before(began.Truncate(time.Minute)) {
				t.Errorf("%s: it happened at %v", name, r.At)
			}
		})
	}
}

// Each part of a long text has a receipt.
func TestSandbox_reportsOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, o := carrier(t, sandbox.Options{Pace: time.Second})
		p := open(t, o)
		var got []string
		heard(t, p, func(in kit.Inbound) error { got = append(got, in.Reports[0].ID); return nil })
		receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: strings.Repeat("x", 400)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Equal(got, receipt.IDs) || len(got) != 3 {
			t.Errorf("receipts of %q, want %q", got, receipt.IDs)
		}
	})
}

// What cannot be stored comes again.
func TestSandbox_reportsThatAreNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, o := carrier(t, sandbox.Options{Pace: time.Second})
		p := open(t, o)
		tries := 0
		heard(t, p, func(kit.Inbound) error {
			if tries++; tries < 3 {
				return errors.New("the database is away")
			}
			return nil
		})
		if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if tries != 3 {
			t.Errorf("it was brought %d times, want 3", tries)
		}
	})
}

func TestSandbox_replies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, o := carrier(t, sandbox.Options{})
		p := open(t, o)
		var got []sms.Reply
		heard(t, p, func(in kit.Inbound) error { got = append(got, in.Replies...); return nil })
		for _, text := range []string{"STOP", "漢字 é", strings.Repeat("x", 200)} {
			got = nil
			if _, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: sandbox.SMPP, From: to, To: "12345", Text: text}); err != nil {
				t.Fatal(err)
			}
			whole := ""
			for i, r := range got {
				whole += r.Text
				if r.From != to || r.To != "12345" || r.Provider != "smpp" {
					t.Errorf("%v, to %s", r, r.To)
				}
				if want := len(got); want > 1 && (r.Part != i+1 || r.Parts != want || r.Ref == "" || r.Ref != got[0].Ref) || want == 1 && r.Parts != 0 {
					t.Errorf("part %d of %d is %d of %d, reference %q", i+1, want, r.Part, r.Parts, r.Ref)
				}
			}
			if whole != text {
				t.Errorf("%q, want %q", whole, text)
			}
		}
	})
}

// After a session that was lost: what was taken or may have been is Unknown, and the
// next message goes over a new session.
func TestSandbox_lostSessions(t *testing.T) {
	for _, when := range []sandbox.HangUp{sandbox.HangUpBefore, sandbox.HangUpAfter} {
		synctest.Test(t, func(t *testing.T) {
			sb, o := carrier(t, sandbox.Options{})
			p := open(t, o)
			if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Operation: "send", HangUp: when, Times: 1}); err != nil {
				t.Fatal(err)
			}
			_, err := p.Send(t.Context(), sms.Message{To: to, Body: "one"})
			if sms.OutcomeOf(err) != sms.Unknown || sms.ReasonOf(err) != sms.Unavailable {
				t.Errorf("%s: %v", when, err)
			}
			if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "two"}); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			want := 1
			if when == sandbox.HangUpAfter {
				want = 2
			}
			if n := len(sb.Messages(to)); n != want {
				t.Errorf("%s: %d messages, want %d", when, n, want)
			}
		})
	}
}

// The first host is away: the second takes over.
func TestSandbox_backup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, o := carrier(t, sandbox.Options{})
		dial := o.Dial
		var asked []string
		o.Backup = "smpp://second.test:2776"
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			asked = append(asked, address)
			if address == "smsc.test:2775" {
				return nil, errors.New("no route to host")
			}
			return dial(ctx, network, address)
		}
		if _, err := open(t, o).Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
			t.Error(err)
		}
		if fmt.Sprint(asked) != "[smsc.test:2775 second.test:2776]" {
			t.Errorf("asked %v", asked)
		}
	})
}
