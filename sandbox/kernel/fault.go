package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// Spoil says what happens to an answer on its way. The call itself was carried
// out.
type Spoil string

// The ways in which an answer is spoilt.
const (
	SpoilGarbage Spoil = "garbage" // as long as it should be, and unreadable
	SpoilCut     Spoil = "cut"     // its first half, and the connection is cut
	SpoilSlow    Spoil = "slow"    // byte by byte, spread over Latency
)

// A Fault makes calls fail. Its JSON form is that of PUT /_sandbox/faults, in
// which latency is a text such as "200ms". Of several that match a call, the
// first one counts.
type Fault struct {
	// Vendor is the name of a vendor. Empty is any.
	Vendor string
	// Operation is the vendor's own word ("submit"), or "send", "list" or
	// "look", which hold for every vendor: see [Kind]. Empty is any.
	Operation string
	// To limits it to calls that concern this number, so that tests that run side
	// by side do not meet. Empty is any. If the vendor answers for each number, a
	// fault with a code refuses this number only.
	To sms.Number
	// Share is the part of the matching calls that it hits, over 0 up to 1. Zero is
	// all. Seed decides which: the same seed hits the same calls.
	Share float64
	Seed  uint64
	// Times is how many calls it hits before it is over. Zero is no end.
	Times int

	// Latency holds back the answer. The call itself is carried out at once, as a
	// slow vendor has often done.
	Latency time.Duration
	// Throttle makes the vendor say, in its own way, that calls come too fast.
	// Nothing is taken.
	Throttle bool
	// Code is an error code of the vendor's. Nothing is taken. Vendor is required.
	Code string
	// Message is the text that goes with Code. Empty is the vendor's own, if it is known.
	Message string
	// Status is the HTTP status: with a Code or Throttle that of its answer
	// (default: the vendor's), else that of a web page such as a proxy would send.
	Status int
	// HangUp cuts the connection instead of an answer.
	HangUp HangUp
	// Spoil spoils the answer.
	Spoil Spoil
	// ListAfter makes the vendor's listings show messages only when they are so
	// old. It hits listings alone.
	ListAfter time.Duration
	// Fails makes the carrier fail with this code to deliver what the call sends.
	// The vendor takes it all the same.
	Fails string
	// Report changes how the delivery of what the call sends is reported: "late",
	// which is ten times as late, "twice", or a word of the vendor's.
	Report string
}

// The changes of reports that hold for every vendor.
const (
	reportLate  = "late"
	reportTwice = "twice"
)

// faultJSON is Fault on the wire.
type faultJSON struct {
	Vendor    string     `json:"vendor,omitempty"`
	Operation string     `json:"operation,omitempty"`
	To        sms.Number `json:"to,omitempty"`
	Share     float64    `json:"share,omitempty"`
	Seed      uint64     `json:"seed,omitempty"`
	Times     int        `json:"times,omitempty"`
	Latency   string     `json:"latency,omitempty"`
	Throttle  bool       `json:"throttle,omitempty"`
	Code      looseText  `json:"code,omitempty"`
	Message   string     `json:"message,omitempty"`
	Status    int        `json:"status,omitempty"`
	HangUp    HangUp     `json:"hang_up,omitempty"`
	Spoil     Spoil      `json:"spoil,omitempty"`
	ListAfter string     `json:"list_after,omitempty"`
	Fails     looseText  `json:"fails,omitempty"`
	Report    string     `json:"report,omitempty"`
}

// A looseText takes a number too: some vendors' codes are numbers.
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
	return json.Marshal(faultJSON{Vendor: f.Vendor, Operation: f.Operation, To: f.To, Share: f.Share, Seed: f.Seed, Times: f.Times,
		Throttle: f.Throttle, Code: looseText(f.Code), Message: f.Message, Status: f.Status, HangUp: f.HangUp, Spoil: f.Spoil,
		Latency: durationText(f.Latency), ListAfter: durationText(f.ListAfter), Fails: looseText(f.Fails), Report: f.Report})
}

// UnmarshalJSON reads f as MarshalJSON writes it. A key that does not exist is
// an error.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j faultJSON
	if err := decodeStrictly(data, &j); err != nil {
		return err
	}
	*f = Fault{Vendor: j.Vendor, Operation: j.Operation, To: j.To, Share: j.Share, Seed: j.Seed, Times: j.Times,
		Throttle: j.Throttle, Code: string(j.Code), Message: j.Message, Status: j.Status, HangUp: j.HangUp, Spoil: j.Spoil, Fails: string(j.Fails), Report: j.Report}
	var err, err2 error
	f.Latency, err = readDuration("latency", j.Latency)
	f.ListAfter, err2 = readDuration("list_after", j.ListAfter)
	return errors.Join(err, err2)
}

// decodeStrictly reads one JSON value and nothing else; unknown keys are errors.
func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON value")
	}
	return nil
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

// validate returns every fault of f, apart from those that only its vendor knows.
func (f Fault) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
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
	if f.HangUp != "" && (f.Code != "" || f.Throttle || f.Status != 0) {
		fault("hang_up excludes code, throttle and status: a connection that is cut has no answer")
	}
	if f.Code != "" && f.Throttle {
		fault("throttle excludes code: it is the vendor's own code")
	}
	if f.Code != "" && f.Vendor == "" {
		fault("code: say whose %q is: write the vendor too", f.Code)
	}
	faults = append(faults, f.validateSpoil()...)
	if f.HangUp == "" && f.Code == "" && !f.Throttle && f.Status == 0 && f.Latency == 0 && f.Spoil == "" && f.ListAfter == 0 && f.Fails == "" && f.Report == "" {
		fault("it does nothing: give it a latency, throttle, code, status, hang_up, spoil, list_after, fails or report")
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
		fault("hang_up excludes spoil: a connection that is cut has no answer")
	}
	refuses := f.HangUp == HangUpBefore || f.Code != "" || f.Throttle || f.Status != 0
	if f.ListAfter < 0 || f.ListAfter > 0 && (refuses || f.HangUp != "") {
		fault("list_after is no time from 0, or stands beside a code, throttle, status or hang_up, which show no list")
	}
	if f.Fails != "" && refuses {
		fault("fails excludes code, throttle, status and hang_up before: nothing is sent that could fail")
	}
	if f.Report != "" && refuses {
		fault("report excludes code, throttle, status and hang_up before: nothing is sent that could be reported")
	}
	return faults
}
