package smpp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sms"
)

// A seen is what npm smpp has read.
type seen struct {
	Kind, Address, From, To, Text        string
	Validity                             time.Time
	TON, Coding, ESM, Registered, Status int
	Version                              int
	UDH                                  []string
	SAR                                  []any
}

// npmCarrier starts npm smpp as a carrier. What it has seen comes on the channel.
func npmCarrier(t *testing.T, args ...string) (smpp.Options, <-chan seen) {
	t.Helper()
	node := servertest.Program(t, "nodejs", "node")
	folder := filepath.Join("..", "..", "sandbox", "oracle")
	servertest.NPM(t, folder, "smpp")
	command := exec.CommandContext(t.Context(), node, append([]string{"smsc.mjs"}, args...)...)
	command.Dir = folder
	out := started(t, command, command.StdoutPipe)
	list := make(chan seen, 1000)
	go func() {
		defer close(list)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s seen
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Errorf("%s: %v", lines.Text(), err)
			}
			list <- s
		}
	}()
	address := (<-list).Address
	return smpp.Options{Endpoint: address, SystemID: systemID, Password: password, From: "ACME", ReceiptIDs: "decimal"}, list
}

// started starts a program that ends with the test.
func started(t *testing.T, command *exec.Cmd, pipe func() (io.ReadCloser, error)) io.Reader {
	t.Helper()
	out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return out
}

// next returns what the carrier has seen next of one kind.
func nextOf(t *testing.T, list <-chan seen, kind string) seen {
	t.Helper()
	for s := range list {
		if s.Kind == kind {
			return s
		}
	}
	t.Fatalf("the carrier has ended before %s", kind)
	return seen{}
}

// npm smpp as a carrier reads what is sent, in every form, and its receipts, whose IDs
// are decimal, are matched with its answers, which are hexadecimal.
func TestNPMCarrier(t *testing.T) {
	for _, old := range []bool{false, true} {
		o, list := npmCarrier(t, map[bool][]string{true: {"old"}}[old]...)
		p := open(t, o)
		reports := make(chan sms.Report, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- p.Listen(ctx, func(_ context.Context, in kit.Inbound) error {
				reports <- in.Reports[0]
				return nil
			})
		}()
		send := func(o smpp.Options, m sms.Message) (sms.Receipt, []seen) {
			t.Helper()
			provider := p
			if o.Long != "" {
				provider = open(t, o)
			}
			receipt, err := provider.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			var parts []seen
			for range max(1, len(receipt.IDs)) {
				parts = append(parts, nextOf(t, list, "submit_sm"))
			}
			return receipt, parts
		}
		if bound := nextOf(t, list, map[bool]string{true: "bind_receiver", false: "bind_transceiver"}[old]); bound.Version != 0x34 {
			t.Errorf("it was bound as %+v", bound)
		}
		for _, text := range []string{"hello @$é{}[]~€", "漢字 😀"} {
			receipt, got := send(smpp.Options{}, sms.Message{To: to, Body: text, Expires: time.Now().Add(time.Hour + time.Minute)})
			if s := got[0]; s.Text != text || s.From != "ACME" || s.TON != 5 || "+"+s.To != string(to) || s.Registered != 1 || time.Until(s.Validity) < time.Hour || time.Until(s.Validity) > 62*time.Minute {
				t.Errorf("%q: the carrier has seen %+v", text, s)
			}
			if r := <-reports; r.ID != receipt.ID || r.State != sms.StateDelivered || r.To != to {
				t.Errorf("%q: report %s, %v, receipt %s", text, r.ID, r, receipt.ID)
			}
		}
		long := strings.Repeat("[é]", 120)
		for form, c := range map[string]struct{ parts, esm int }{"udh": {4, 0x40}, "udh16": {4, 0x40}, "sar": {4, 0}, "payload": {1, 0}} {
			o := o
			o.Long, o.Bind = form, "transmitter"
			receipt, got := send(o, sms.Message{To: to, Body: long})
			whole := ""
			for i, s := range got {
				whole += s.Text
				if s.ESM != c.esm || form == "udh" && !strings.HasSuffix(s.UDH[0], fmt.Sprintf("04%02x", i+1)) || form == "sar" && fmt.Sprint(s.SAR) != fmt.Sprintf("[true 4 %d]", i+1) {
					t.Errorf("%s: part %d is %+v", form, i+1, s)
				}
			}
			if whole != long || len(got) != c.parts || receipt.Segments != 4 {
				t.Errorf("%s: %d parts with %d characters of %d", form, len(got), len(whole), len(long))
			}
		}
		for digits, want := range map[string]sms.Reason{"58": sms.Throttled, "11": sms.InvalidNumber, "99": sms.Unavailable} {
			_, err := p.Send(t.Context(), sms.Message{To: to[:len(to)-2] + sms.Number(digits), Body: "hello"})
			if sms.ReasonOf(err) != want || (sms.OutcomeOf(err) == sms.Unknown) != (digits == "99") {
				t.Errorf("%s: %v", digits, err)
			}
		}
		send(smpp.Options{}, sms.Message{To: to, Body: "over a session that is bound anew, or after a pause"})
		cancel()
		<-ended
		wrong := o
		wrong.Password = "wrong"
		if _, err := open(t, wrong).Send(t.Context(), sms.Message{To: to, Body: "hello"}); sms.ReasonOf(err) != sms.Unauthorized {
			t.Errorf("a wrong password: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		nextOf(t, list, "unbind")
	}
}

// perlCarrier starts smsc.pl, which comes with Net::SMPP, on a port of the test's. What
// it says comes on the channel, with the fields of every PDU.
func perlCarrier(t *testing.T) (address string, said <-chan string) {
	t.Helper()
	perl := servertest.Program(t, "perl", "perl")
	script, err := os.ReadFile(servertest.Program(t, "libnet-smpp-perl", "/usr/share/doc/libnet-smpp-perl/examples/smsc.pl"))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // a port that was free may be taken
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address = l.Addr().String()
		l.Close()
		_, port, _ := net.SplitHostPort(address)
		program := strings.NewReplacer("$host = 'localhost';", "$host = '127.0.0.1';", "$port = 9900;", "$port = "+port+";", "\n$trace = 0;", "\n$trace = 1;").Replace(string(script))
		file := filepath.Join(t.TempDir(), "smsc.pl")
		if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), perl, file, "3")
		lines := bufio.NewScanner(started(t, command, command.StderrPipe))
		for lines.Scan() {
			if !strings.Contains(lines.Text(), "Entering accept loop") {
				continue
			}
			list := make(chan string, 10_000)
			go func() {
				defer close(list)
				for lines.Scan() {
					list <- lines.Text()
				}
			}()
			return address, list
		}
	}
	t.Fatal("smsc.pl does not start")
	return "", nil
}

// Net::SMPP as a carrier reads what is sent.
func TestPerlCarrier(t *testing.T) {
	address, said := perlCarrier(t)
	p := open(t, smpp.Options{Endpoint: address, SystemID: systemID, Password: password, From: "12345", ServiceType: "CMT", TLVs: map[string]string{"0x1400": "1101"}})
	receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello [1]"})
	if err != nil || receipt.ID != "123456789" {
		t.Fatalf("%v, %v", receipt, err)
	}
	long, err := p.Send(t.Context(), sms.Message{To: to, Body: strings.Repeat("x", 200)})
	if err != nil || len(long.IDs) != 2 {
		t.Errorf("%v, %v", long, err)
	}
	if findings, err := p.Inspect(t.Context()); err != nil || findings[0].State != sms.Ready {
		t.Errorf("%v, %v", findings, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	missing := map[string]bool{
		`'system_id' => 'tester'`: true, `'password' => 's3cret-p'`: true, `'interface_version' => 52`: true, `'service_type' => 'CMT'`: true,
		`'source_addr' => '12345'`: true, `'source_addr_ton' => 3`: true, `'destination_addr' => '447700900001'`: true, `'dest_addr_ton' => 1`: true,
		`'dest_addr_npi' => 1`: true, `'esm_class' => 64`: true, `'registered_delivery' => 1`: true, `'short_message' => 'hello <1>'`: true,
		`Remote sent unbind`: true,
	}
	for line := range said {
		line = strings.NewReplacer("\x1b<", "<", "\x1b>", ">").Replace(line) // the brackets of GSM 7-bit
		for want := range missing {
			if strings.Contains(line, want) {
				delete(missing, want)
			}
		}
		if strings.Contains(line, "Remote sent unbind") {
			break
		}
	}
	if len(missing) > 0 {
		t.Errorf("smsc.pl has not seen %v", missing)
	}
}
