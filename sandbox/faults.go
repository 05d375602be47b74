package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// HangUp says when a connection is cut.
type HangUp string

// The moments at which a connection is cut without an answer.
const (
	HangUpBefore HangUp = "before" // nothing was taken
	HangUpAfter  HangUp = "after"  // the call was carried out: a message is on its way, and its sender does not know
)

// Spoil says what becomes of an answer on its way. The call itself was carried
// out.
type Spoil string

// The ways in which an answer is spoilt.
const (
	SpoilGarbage Spoil = "garbage" // as long as it should be, and nothing that can be read
	SpoilCut     Spoil = "cut"     // its first half, and the connection is cut
	SpoilSlow    Spoil = "slow"    // byte by byte, spread over Latency
)

// A Fault makes calls fail. Its JSON form is that of PUT /_sandbox/faults, in
// which latency is a text such as "200ms". Of several that match, the first one
// counts.
type Fault struct {
	// Vendor is "aliyun" or "twilio"; empty: both.
	Vendor string
	// Operation is Aliyun's Action ("SendSms"), or one of Twilio's "create",
	// "fetch", "list", "update" and "delete"; empty: any.
	Operation string
	// To limits it to calls that concern this number, so that tests that run side
	// by side do not meet; empty: any.
	To sms.Number
	// Share is the part of the matching calls that it hits, over 0 up to 1; zero:
	// all. Seed decides which: the same seed hits the same calls.
	Share float64
	Seed  uint64
	// Times is how many calls it hits before it is over; zero: no end.
	Times int

	// Latency holds back the answer, of whatever kind it is. The call itself is
	// carried out at once, as a slow vendor has often done.
	Latency time.Duration
	// Code is an error code of the vendor's: nothing is taken.
	Code string
	// Message is the text that goes with Code; empty: the vendor's own where it is known.
	Message string
	// Status is the HTTP status: with a Code that of its answer (default: the
	// vendor's), else that of a web page such as a proxy in between would send.
	Status int
	// HangUp cuts the connection instead of an answer.
	HangUp HangUp
	// Spoil spoils the answer.
	Spoil Spoil
	// ListAfter makes the vendor's listings, QuerySendDetails and "list", show
	// messages only when they are so old. It hits listings alone.
	ListAfter time.Duration
}

// faultJSON is Fault on the wire.
type faultJSON struct {
	Vendor    string     `json:"vendor,omitempty"`
	Operation string     `json:"operation,omitempty"`
	To        sms.Number `json:"to,omitempty"`
	Share     float64    `json:"share,omitempty"`
	Seed      uint64     `json:"seed,omitempty"`
	Times     int        `json:"times,omitempty"`
	Latency   string     `json:"latency,omitempty"`
	Code      looseText  `json:"code,omitempty"`
	Message   string     `json:"message,omitempty"`
	Status    int        `json:"status,omitempty"`
	HangUp    HangUp     `json:"hang_up,omitempty"`
	Spoil     Spoil      `json:"spoil,omitempty"`
	ListAfter string     `json:"list_after,omitempty"`
}

// A looseText takes a number too: Twilio's codes are numbers.
type looseText string

func (t *looseText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' {
		var n json.Number
		err := json.Unmarshal(data, &n)
		*t = looseText(n)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

// MarshalJSON writes f as PUT /_sandbox/faults takes it.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{Vendor: f.Vendor, Operation: f.Operation, To: f.To, Share: f.Share, Seed: f.Seed, Times: f.Times,
		Code: looseText(f.Code), Message: f.Message, Status: f.Status, HangUp: f.HangUp, Spoil: f.Spoil,
		Latency: durationText(f.Latency), ListAfter: durationText(f.ListAfter)}
	return json.Marshal(j)
}

// UnmarshalJSON reads f as MarshalJSON writes it. A key that does not exist is
// an error.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j faultJSON
	if err := decodeStrictly(data, &j); err != nil {
		return err
	}
	*f = Fault{Vendor: j.Vendor, Operation: j.Operation, To: j.To, Share: j.Share, Seed: j.Seed, Times: j.Times,
		Code: string(j.Code), Message: j.Message, Status: j.Status, HangUp: j.HangUp, Spoil: j.Spoil}
	var err, err2 error
	f.Latency, err = readDuration("latency", j.Latency)
	f.ListAfter, err2 = readDuration("list_after", j.ListAfter)
	return errors.Join(err, err2)
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func readDuration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no time: write 200ms or 3s", name, text)
	}
	return d, nil
}

// maxLatency keeps a forgotten fault from holding connections for hours.
const maxLatency = 10 * time.Minute

func (f Fault) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if f.Vendor != "" && f.Vendor != Aliyun && f.Vendor != Twilio {
		fault("vendor: there is no %q here: write aliyun or twilio", f.Vendor)
	}
	if f.To != "" && !f.To.Valid() {
		fault("to: %s is no number: write it in E.164, as +8613800000000", f.To)
	}
	if !(f.Share >= 0 && f.Share <= 1) {
		fault("share: %v is not between 0 and 1", f.Share)
	}
	if f.Times < 0 {
		fault("times: %d is negative: 0 means without end", f.Times)
	}
	if f.Latency < 0 || f.Latency > maxLatency {
		fault("latency: %v is not between 0 and %v", f.Latency, maxLatency)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		fault("status: %d is no HTTP status between 200 and 599", f.Status)
	}
	if f.HangUp != "" && f.HangUp != HangUpBefore && f.HangUp != HangUpAfter {
		fault("hang_up: %q is no moment: write before or after", string(f.HangUp))
	}
	if f.HangUp != "" && (f.Code != "" || f.Status != 0) {
		fault("hang_up excludes code and status: who hangs up answers nothing")
	}
	if f.Code != "" && f.Vendor == "" {
		fault("code: say whose %q is: write the vendor too", f.Code)
	}
	if _, err := strconv.ParseInt(f.Code, 10, 32); f.Vendor == Twilio && f.Code != "" && err != nil {
		fault("code: %q is none of Twilio's, which are numbers", f.Code)
	}
	faults = append(faults, f.validateSpoil()...)
	if f.HangUp == "" && f.Code == "" && f.Status == 0 && f.Latency == 0 && f.Spoil == "" && f.ListAfter == 0 {
		fault("it does nothing: give it a latency, code, status, hang_up, spoil or list_after")
	}
	return errors.Join(faults...)
}

func (f Fault) validateSpoil() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch f.Spoil {
	case "", SpoilGarbage, SpoilCut:
	case SpoilSlow:
		if f.Latency == 0 {
			fault("spoil: slow needs a latency: that is how long the answer takes")
		}
	default:
		fault("spoil: there is no %q: write garbage, cut or slow", string(f.Spoil))
	}
	if f.Spoil != "" && f.HangUp != "" {
		fault("hang_up excludes spoil: who hangs up answers nothing")
	}
	if f.ListAfter < 0 || f.ListAfter > 0 && (f.HangUp != "" || f.Code != "" || f.Status != 0) {
		fault("list_after is no time from 0, or stands beside a code, status or hang_up, which show no list")
	}
	return faults
}

// faults holds those that are set.
type faults struct {
	mu  sync.Mutex
	set []*activeFault
}

// An activeFault counts the calls that it has hit.
type activeFault struct {
	Fault
	hits int
	draw *rand.Rand
}

// maxFaults bounds how many can be set at once.
const maxFaults = 1000

// SetFaults replaces all faults by these. When one of them is wrong the error
// names each that is, and what was set before stays.
func (s *Sandbox) SetFaults(list ...Fault) error {
	if len(list) > maxFaults {
		return fmt.Errorf("sandbox: %d faults are too many: at most %d", len(list), maxFaults)
	}
	var wrong []error
	set := make([]*activeFault, len(list))
	for i, f := range list {
		if err := f.validate(); err != nil {
			wrong = append(wrong, fmt.Errorf("sandbox: fault %d: %w", i+1, err))
		}
		set[i] = &activeFault{Fault: f, draw: rand.New(rand.NewPCG(f.Seed, 0))}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	s.faults.mu.Lock()
	s.faults.set = set
	s.faults.mu.Unlock()
	return nil
}

// Faults gives those that are set and not over yet.
func (s *Sandbox) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	list := []Fault{}
	for _, f := range s.faults.set {
		if !f.over() {
			list = append(list, f.Fault)
		}
	}
	return list
}

func (f *activeFault) over() bool { return f.Times > 0 && f.hits >= f.Times }

func (f *activeFault) matches(vendor, operation string, to []sms.Number) bool {
	return (f.Vendor == "" || f.Vendor == vendor) &&
		(f.Operation == "" || strings.EqualFold(f.Operation, operation)) &&
		(f.To == "" || slices.Contains(to, f.To)) &&
		(f.ListAfter == 0 || operation == "QuerySendDetails" || operation == "list")
}

// hit gives the fault that this call meets; the zero Fault is none.
func (fs *faults) hit(vendor, operation string, to []sms.Number) Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.set {
		if f.over() || !f.matches(vendor, operation, to) {
			continue
		}
		if f.Share > 0 && f.draw.Float64() >= f.Share {
			continue
		}
		f.hits++
		return f.Fault
	}
	return Fault{}
}
