package kernel

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/notifykit/notify/sms"
)

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

// SetFaults replaces all faults by these. If one of them is wrong, the error names
// each that is, and what was set before stays.
func (s *Sandbox) SetFaults(list ...Fault) error {
	if len(list) > maxFaults {
		return fmt.Errorf("sandbox: %d faults are too many: at most %d", len(list), maxFaults)
	}
	var wrong []error
	set := make([]*activeFault, len(list))
	for i, f := range list {
		if err := errors.Join(f.validate(), s.checkVendor(f)); err != nil {
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

// checkVendor returns what the vendor of a fault says against it.
func (s *Sandbox) checkVendor(f Fault) error {
	if f.Vendor == "" {
		if f.Report != "" && f.Report != reportLate && f.Report != reportTwice {
			return fmt.Errorf("report: %q is none that holds for every vendor: write late or twice, or the vendor too", f.Report)
		}
		return nil
	}
	v, ok := s.vendor(f.Vendor)
	switch {
	case !ok:
		return fmt.Errorf("vendor: there is no %q here: write %s", f.Vendor, strings.Join(s.names(), " or "))
	case f.Status != 0 && v.vendor.Call == nil:
		return fmt.Errorf("status: %s is no HTTP service: write a code", f.Vendor)
	case f.Throttle && v.vendor.ThrottleCode == "":
		return fmt.Errorf("throttle: %s has no code for it", f.Vendor)
	case f.Report != "" && !slices.Contains(append([]string{reportLate, reportTwice}, v.vendor.ReportForms...), f.Report):
		return fmt.Errorf("report: %q is none of %s: write %s", f.Report, f.Vendor, strings.Join(append([]string{reportLate, reportTwice}, v.vendor.ReportForms...), " or "))
	case f.Code != "" && v.vendor.CheckCode != nil:
		if err := v.vendor.CheckCode(f.Code); err != nil {
			return fmt.Errorf("code: %w", err)
		}
	}
	return nil
}

// Faults returns those that are set and not over yet.
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

func (f *activeFault) matches(v Vendor, c Call) bool {
	return (f.Vendor == "" || f.Vendor == v.Name) &&
		(f.Operation == "" || strings.EqualFold(f.Operation, c.Operation) || strings.EqualFold(f.Operation, string(c.Kind))) &&
		(f.To == "" || slices.Contains(c.Numbers, f.To)) &&
		(f.ListAfter == 0 || c.Kind == List) &&
		(f.Fails == "" && f.Report == "" || c.Kind == Send) &&
		(!f.Throttle || v.ThrottleCode != "") &&
		(f.Status == 0 || v.Call != nil)
}

// hit returns the fault that a call meets, with a vendor's own code in place of
// Throttle; the zero Fault is none. Of a call whose vendor answers for each
// number, it also returns the numbers that a code refuses.
func (fs *faults) hit(v Vendor, c Call) (met Fault, refused map[sms.Number]Refusal) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.set {
		if f.over() || !f.matches(v, c) || refused[f.To].Code != "" {
			continue
		}
		if f.Share > 0 && f.draw.Float64() >= f.Share {
			continue
		}
		f.hits++
		if one := f.To != "" && f.Code != "" && c.Each; one {
			if refused == nil {
				refused = map[sms.Number]Refusal{}
			}
			refused[f.To] = Refusal{Vendor: v.Name, Operation: c.Operation, Code: f.Code, Message: f.Message}
			met.Latency, met.Spoil = max(met.Latency, f.Latency), f.Spoil
			continue
		}
		if met = f.Fault; met.Throttle {
			met.Code = v.ThrottleCode
		}
		return met, refused
	}
	return met, refused
}
