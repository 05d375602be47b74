package smpp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// killEnv is set for a process that is a carrier to be killed: the folder where it
// writes what it reads.
const killEnv = "NOTIFY_SMPP_KILL"

func TestMain(m *testing.M) {
	if folder, ok := os.LookupEnv(killEnv); ok {
		fmt.Fprintln(os.Stderr, "the carrier was to be killed:", carry(folder))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// carry is the carrier. It answers late, so that the window of a session is full. What
// it has read is in files, which outlive it: the inbox of a process that was killed.
func carry(folder string) error {
	sb := sandbox.New(sandbox.Options{SMPP: "127.0.0.1:0", Pace: -1})
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Operation: "send", Latency: 2 * time.Millisecond}); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for n := 0; ; n++ {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(folder, fmt.Sprint(n)))
		if err != nil {
			return err
		}
		go sb.ServeConn(context.Background(), sandbox.SMPP, copied{c, file})
	}
}

// copied is a connection that writes what it reads to a file.
type copied struct {
	net.Conn
	to io.Writer
}

func (c copied) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if _, failed := c.to.Write(b[:n]); failed != nil {
		return 0, failed
	}
	return n, err
}

// inbox returns the texts that the carrier has read whole.
func inbox(t *testing.T, folder string) map[string]bool {
	texts := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for r := bufio.NewReader(file); ; {
			p, err := pdu.Read(r)
			if err != nil {
				break
			}
			if m, err := pdu.ParseMessage(p.ID, p.Body); p.ID == pdu.SubmitSM && err == nil {
				texts[string(m.Short)] = true
			}
		}
	}
	return texts
}

// The carrier is killed while the windows are full. Every message has one of three
// outcomes, and none that is Rejected has reached the carrier.
func TestCarrierKilled(t *testing.T) {
	kills := 5
	if os.Getenv("NOTIFY_LONG") == "1" {
		kills = 50
	}
	var unknown atomic.Int32
	t.Run("kills", func(t *testing.T) {
		for kill := range kills {
			t.Run(fmt.Sprint(kill+1), func(t *testing.T) {
				t.Parallel() // most of the time is spent in waiting
				unknown.Add(int32(killCarrier(t, 50+7*kill%300)))
			})
		}
	})
	if n := unknown.Load(); n < int32(kills) {
		t.Errorf("%d messages were on their way in %d kills: the windows were not full", n, kills)
	}
}

// killCarrier kills a carrier when it has accepted a number of messages, and returns
// how many are Unknown.
func killCarrier(t *testing.T, after int) (unknown int) {
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), killEnv+"="+folder)
	out := started(t, command, command.StdoutPipe)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, smpp.Options{Endpoint: strings.TrimSpace(address), SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword, From: "ACME", Binds: 2, Reports: "none"})
	const callers, each = 60, 10
	var accepted atomic.Int32
	outcomes := make([]sms.Outcome, callers*each)
	var calls sync.WaitGroup
	for caller := range callers {
		calls.Go(func() {
			for i := range each {
				n := caller*each + i
				_, err := p.Send(t.Context(), sms.Message{To: to, Body: fmt.Sprintf("message %d", n)})
				if outcomes[n] = sms.OutcomeOf(err); err == nil && int(accepted.Add(1)) == after {
					command.Process.Kill()
				}
			}
		})
	}
	calls.Wait()
	counts := map[sms.Outcome]int{}
	read := inbox(t, folder)
	for n, outcome := range outcomes {
		counts[outcome]++
		has := read[fmt.Sprintf("message %d", n)]
		if outcome == sms.Rejected && has || outcome == sms.Accepted && !has {
			t.Errorf("message %d is %v, and that the carrier has it is %v", n, outcome, has)
		}
	}
	if sum := counts[sms.Accepted] + counts[sms.Unknown] + counts[sms.Rejected]; sum != callers*each || counts[sms.Unknown] > 2*smpp.DefaultWindow || counts[sms.Rejected] == 0 {
		t.Errorf("%v of %d messages", counts, callers*each)
	}
	return counts[sms.Unknown]
}
