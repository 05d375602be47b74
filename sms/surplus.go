package sms

import (
	"fmt"
	"strings"
)

// withoutDecimals drops ".0" and ".00" at the end, which spreadsheets add, if what
// remains is a number.
func (t typedNumber) withoutDecimals(region string) (typedNumber, error) {
	last := len(t.groups) - 1
	if last < 1 || !isDecimalPoint(t.groups[last].before) || strings.Trim(t.groups[last].digits, "0") != "" {
		return t, nil
	}
	part := t.groups[last].before + t.groups[last].typed
	rest := t
	rest.groups = t.groups[:last]
	head, err := read(rest.whole(), region)
	dotted := false
	for _, g := range rest.groups {
		dotted = dotted || strings.ContainsFunc(g.before, isDot)
	}
	if !dotted {
		switch {
		case err == nil:
			return rest, nil
		case len(t.groups[last].digits) <= 2:
			return t, fmt.Errorf("it ends in %s, as a spreadsheet writes an amount, and what stands before is no number: %w", quotedPart(part), err)
		}
		return t, nil
	}
	whole, wholeErr := read(t.whole(), region)
	switch {
	case err != nil || !head.valid && wholeErr == nil:
		return t, nil
	case wholeErr != nil || !whole.valid:
		return rest, nil
	}
	return t, fmt.Errorf("it ends in %s, which may be a part of it, or what a spreadsheet adds to an amount: write it without dots", quotedPart(part))
}

func isDecimalPoint(between string) bool { return between == "." || between == "\uff0e" }

// surplus refuses what stands before or after a number and is not part of it.
// whole is what all digits mean together, unless err says why they mean nothing.
func (t typedNumber) surplus(whole reading, err error, region string) error {
	if err := t.note(region); err != nil {
		return err
	}
	if len(t.groups) < 2 {
		return nil
	}
	if err != nil {
		whole = reading{}
	}
	if err := t.mark(whole, region); err != nil {
		return err
	}
	return t.tail(whole, region)
}

// note refuses digits in brackets after a number: "0170 1234567 (2)".
func (t typedNumber) note(region string) error {
	opened := -1 // the last group that a bracket opens
	for i, g := range t.groups {
		if strings.ContainsFunc(g.before, isOpening) {
			opened = i
		} else if strings.ContainsFunc(g.before, isClosing) {
			opened = -1
		}
	}
	if opened < 1 {
		return nil
	}
	if before := t.dialed(0, opened); len(strings.TrimPrefix(before, "+")) < fewestDigits {
		if r, err := read(before, region); err != nil || !r.mobile() {
			return nil
		}
	}
	first := t.groups[opened].before
	part := first[strings.LastIndexFunc(first, isOpening):]
	for i, g := range t.groups[opened:] {
		if i > 0 {
			part += g.before
		}
		part += g.typed
	}
	return noteInBrackets(part + t.after)
}

// mark refuses the mark of a list before a number: "1. 13800000000".
func (t typedNumber) mark(whole reading, region string) error {
	first, second := t.groups[0], t.groups[1]
	if t.plus || len(first.digits) > 3 {
		return nil
	}
	between := []rune(second.before)
	written := isClosing(between[0]) && !strings.ContainsFunc(first.before, isOpening) ||
		isDot(between[0]) && len(between) > 1 && IsFiller(between[1])
	set := strings.ContainsFunc(first.before, isOpening) && strings.ContainsFunc(second.before, isClosing) || isSpacedDash(second.before)
	if whole.valid && !written && !set {
		return nil
	}
	rest, err := read(t.dialed(1, len(t.groups)), region)
	if err != nil {
		return nil
	}
	other := rest.number != whole.number
	switch {
	case written && (rest.valid || !whole.valid):
	case set && rest.valid && other && (len(first.digits) == 1 || !whole.valid):
	case other && !whole.valid && rest.mobile():
	default:
		return nil
	}
	return listMark(first.before + first.typed + second.before)
}

// tail refuses a last group after a number: "0170 1234567 - 2".
func (t typedNumber) tail(whole reading, region string) error {
	last := len(t.groups) - 1
	g := t.groups[last]
	set := isSpacedDash(g.before)
	if len(g.digits) > shortPart || whole.valid && !set && len(g.digits) > 1 {
		return nil
	}
	before, err := read(t.dialed(0, last), region)
	if err != nil || before.number == whole.number {
		return nil
	}
	if set && before.valid || before.mobile() && (!whole.valid || len(g.digits) == 1) {
		return fmt.Errorf("it ends in %s after what is a whole number: give the number alone", quotedPart(g.before+g.typed))
	}
	return nil
}

// isSpacedDash reports whether there is a dash between two blanks.
func isSpacedDash(between string) bool {
	runes := []rune(between)
	return len(runes) >= 3 && isBlank(runes[0]) && isBlank(runes[len(runes)-1]) && strings.ContainsFunc(between, func(c rune) bool {
		return IsFiller(c) && !isBlank(c)
	})
}
