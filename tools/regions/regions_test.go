package main

import (
	"bytes"
	"os"
	"testing"
)

// The checked-in table says what the library's data says now.
func TestTableIsNotStale(t *testing.T) {
	const table = "../../sms/region_table.go"
	root, err := plan()
	if err != nil {
		t.Fatal(err)
	}
	want, err := write(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go generate ./sms", table)
	}
}

// The same data gives the same file, whatever the order of maps.
func TestWriteIsStable(t *testing.T) {
	var first []byte
	for range 3 {
		root, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		source, err := write(root)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = source
		}
		if !bytes.Equal(first, source) {
			t.Fatal("two runs differ")
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		name, expr, digits string
		lengths            []int32
		prefix             bool
		alive, whole       bool
	}{
		{name: "a whole number", expr: `1[35]\d{3}`, digits: "13123", alive: true, whole: true},
		{name: "its beginning", expr: `1[35]\d{3}`, digits: "131", alive: true},
		{name: "another number", expr: `1[35]\d{3}`, digits: "14"},
		{name: "a length that is not given out", expr: `1\d{2,4}`, lengths: []int32{3, 5}, digits: "1234", alive: true},
		{name: "too long a number", expr: `1\d{2,4}`, lengths: []int32{3}, digits: "1234"},
		{name: "leading digits and more", expr: `18|19`, prefix: true, digits: "18345", alive: true, whole: true},
		{name: "not all leading digits yet", expr: `18|19`, prefix: true, digits: "1", alive: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := newPattern(c.expr, c.lengths, c.prefix)
			if err != nil {
				t.Fatal(err)
			}
			s := p.start()
			for _, digit := range c.digits {
				s = p.step(s, digit)
			}
			if alive, whole := p.alive(s, len(c.digits)), p.whole(s, len(c.digits)); alive != c.alive || whole != c.whole {
				t.Errorf("alive %v, whole %v, want %v, %v", alive, whole, c.alive, c.whole)
			}
		})
	}
}
