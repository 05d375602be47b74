package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// longest is how many digits a national number has at most.
const longest = 15

// A node is what the digits so far decide: a region, or what the next digit
// leads to. A nil node decides nothing.
type node struct {
	region string
	next   *[10]*node
}

// plan makes the tree of all country codes.
func plan() (*node, error) {
	metadata, err := byRegion()
	if err != nil {
		return nil, err
	}
	root := &node{next: new([10]*node)}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		names := phonenumbers.GetRegionCodesForCountryCode(code)
		if len(names) == 0 || names[0] == "001" { // a network, such as satellites: no region
			continue
		}
		var regions []*region
		for _, name := range names {
			r, err := newRegion(metadata[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			regions = append(regions, r)
		}
		n := decide(regions)
		if n == nil {
			return nil, fmt.Errorf("no number under +%d belongs to any region", code)
		}
		plant(root, strconv.Itoa(code), n.or(names[0]))
	}
	return root, nil
}

func byRegion() (map[string]*phonenumbers.PhoneMetadata, error) {
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	all := map[string]*phonenumbers.PhoneMetadata{}
	for _, m := range collection.GetMetadata() {
		all[m.GetId()] = m
	}
	return all, nil
}

func plant(at *node, digits string, n *node) {
	for ; len(digits) > 1; digits = digits[1:] {
		next := &at.next[digits[0]-'0']
		if *next == nil {
			*next = &node{next: new([10]*node)}
		}
		at = *next
	}
	at.next[digits[0]-'0'] = n
}

// or puts the main region of a country code where no numbers are given out:
// such as vendors' test numbers, which are possible and not assigned.
func (n *node) or(main string) *node {
	switch {
	case n == nil:
		return &node{region: main}
	case n.next == nil:
		return n
	}
	filled := &node{next: new([10]*node)}
	for digit, next := range n.next {
		filled.next[digit] = next.or(main)
	}
	return filled.collapsed()
}

// collapsed gives the one region that all of n's digits lead to, where they do.
// Digits that lead nowhere have no say.
func (n *node) collapsed() *node {
	name := ""
	for _, next := range n.next {
		switch {
		case next == nil:
		case next.next != nil || name != "" && next.region != name:
			return n
		default:
			name = next.region
		}
	}
	if name == "" {
		return nil
	}
	return &node{region: name}
}

// A stand is how far a region's patterns have followed the digits so far.
type stand struct {
	of        *region
	lead, all state
	kinds     []state
}

// decide makes the tree of one country code, whose regions are asked in order.
func decide(regions []*region) *node {
	var stands []stand
	for _, r := range regions {
		s := stand{of: r}
		if r.lead != nil {
			s.lead = r.lead.start()
		} else {
			s.all = r.all.start()
			for _, k := range r.kinds {
				s.kinds = append(s.kinds, k.start())
			}
		}
		stands = append(stands, s)
	}
	d := decider{memo: map[string]*node{}}
	return d.decide(stands, 0)
}

type decider struct{ memo map[string]*node }

// decide tells what n digits, after which the regions stand so, decide.
func (d decider) decide(stands []stand, n int) *node {
	stands = living(stands, n)
	switch {
	case len(stands) == 0:
		return nil
	case len(stands) == 1 || stands[0].certain():
		return &node{region: stands[0].of.name}
	case n == longest:
		return ended(stands, n)
	}
	key := fmt.Sprint(n, describe(stands))
	if known, ok := d.memo[key]; ok {
		return known
	}
	result := &node{next: new([10]*node)}
	for digit := range 10 {
		result.next[digit] = d.decide(followed(stands, rune('0'+digit)), n+1)
	}
	if result = result.collapsed(); result == nil {
		result = ended(stands, n)
	}
	d.memo[key] = result
	return result
}

// ended tells whose a number is that ends here.
func ended(stands []stand, n int) *node {
	for _, s := range stands {
		if s.certain() || s.lead == nil && s.of.all.whole(s.all, n) &&
			slices.ContainsFunc(s.indexes(), func(i int) bool { return s.of.kinds[i].whole(s.kinds[i], n) }) {
			return &node{region: s.of.name}
		}
	}
	return nil
}

func (s stand) indexes() []int {
	all := make([]int, len(s.kinds))
	for i := range all {
		all[i] = i
	}
	return all
}

// certain tells whether all that follows is the region's.
func (s stand) certain() bool { return s.of.lead != nil && s.of.lead.matched(s.lead) }

// living leaves the regions out that no number beginning so can belong to.
func living(stands []stand, n int) []stand {
	return slices.DeleteFunc(slices.Clone(stands), func(s stand) bool {
		if s.of.lead != nil {
			return len(s.lead) == 0
		}
		return !s.of.all.alive(s.all, n) ||
			!slices.ContainsFunc(s.indexes(), func(i int) bool { return s.of.kinds[i].alive(s.kinds[i], n) })
	})
}

func followed(stands []stand, digit rune) []stand {
	next := make([]stand, len(stands))
	for i, s := range stands {
		next[i] = stand{of: s.of}
		if s.of.lead != nil {
			next[i].lead = s.of.lead.step(s.lead, digit)
			continue
		}
		next[i].all = s.of.all.step(s.all, digit)
		for k, p := range s.of.kinds {
			next[i].kinds = append(next[i].kinds, p.step(s.kinds[k], digit))
		}
	}
	return next
}

func describe(stands []stand) (all []any) {
	for _, s := range stands {
		all = append(all, s.of.name, s.lead, s.all, s.kinds)
	}
	return all
}
