package main

import (
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/nyaruka/phonenumbers"
)

// A pattern is one of the library's regular expressions of national numbers,
// followed digit by digit: it can tell of any first digits whether some number
// that begins so matches.
type pattern struct {
	prog    *syntax.Prog
	lengths []int32 // of whole numbers; none: any
	prefix  bool    // it describes leading digits, not whole numbers
}

// A state is the set of instructions that a pattern may stand at, sorted.
type state []uint32

func newPattern(expr string, lengths []int32, prefix bool) (*pattern, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	return &pattern{prog: prog, lengths: lengths, prefix: prefix}, nil
}

func (p *pattern) start() state { return p.closure(nil, uint32(p.prog.Start)) }

// step follows one digit. Leading digits that have all been met stay met.
func (p *pattern) step(s state, digit rune) state {
	if p.prefix && p.matched(s) {
		return s
	}
	var next state
	for _, pc := range s {
		switch inst := &p.prog.Inst[pc]; inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if inst.MatchRune(digit) {
				next = p.closure(next, inst.Out)
			}
		}
	}
	slices.Sort(next)
	return next
}

// closure adds pc to s, and all that is reached from it without a digit.
func (p *pattern) closure(s state, pc uint32) state {
	if slices.Contains(s, pc) {
		return s
	}
	s = append(s, pc)
	switch inst := &p.prog.Inst[pc]; inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		s = p.closure(p.closure(s, inst.Out), inst.Arg)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		s = p.closure(s, inst.Out)
	}
	return s
}

// matched tells whether the digits so far match.
func (p *pattern) matched(s state) bool {
	return slices.ContainsFunc(s, func(pc uint32) bool { return p.prog.Inst[pc].Op == syntax.InstMatch })
}

// alive tells whether a number of more than n digits, or of n, can match.
func (p *pattern) alive(s state, n int) bool {
	return len(s) > 0 && (len(p.lengths) == 0 || slices.ContainsFunc(p.lengths, func(l int32) bool { return int(l) >= n }))
}

// whole tells whether the n digits so far are a number.
func (p *pattern) whole(s state, n int) bool {
	return p.matched(s) && (len(p.lengths) == 0 || slices.Contains(p.lengths, int32(n)))
}

// A region is what the library decides by whether a number is the region's:
// its leading digits, where it has any, else all its kinds of numbers.
type region struct {
	name  string
	lead  *pattern
	all   *pattern   // every number matches it
	kinds []*pattern // and one of these
}

func newRegion(m *phonenumbers.PhoneMetadata) (*region, error) {
	r := &region{name: m.GetId()}
	var err error
	if lead := m.GetLeadingDigits(); lead != "" {
		r.lead, err = newPattern(lead, nil, true)
		return r, err
	}
	general := m.GetGeneralDesc()
	if r.all, err = newPattern(general.GetNationalNumberPattern(), general.GetPossibleLength(), false); err != nil {
		return nil, err
	}
	for _, d := range []*phonenumbers.PhoneNumberDesc{
		m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
		m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
	} {
		if d.GetNationalNumberPattern() == "" {
			continue
		}
		p, err := newPattern(d.GetNationalNumberPattern(), d.GetPossibleLength(), false)
		if err != nil {
			return nil, err
		}
		r.kinds = append(r.kinds, p)
	}
	return r, nil
}
