package sms_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/notifykit/notify/sms"
)

func TestCountSegments(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name, text string
		segments   int
		unicode    bool
	}{
		{"nothing", "", 0, false},
		{"one character", "a", 1, false},
		{"160 septets", a(160), 1, false},
		{"161 septets", a(161), 2, false},
		{"two full parts", a(306), 2, false},
		{"one more", a(307), 3, false},
		{"80 of the extension table", strings.Repeat("€", 80), 1, false},
		{"81 of the extension table: 76 in a part", strings.Repeat("€", 81), 2, false},
		{"152 of the extension table", strings.Repeat("[", 152), 2, false},
		{"153 of the extension table, never split", strings.Repeat("[", 153), 3, false},
		{"one that would be split goes to the next part", a(152) + "{" + a(152), 3, false},
		{"one at the end of its part", a(151) + "{" + a(153), 2, false},
		{"accents of the alphabet", strings.Repeat("é", 160), 1, false},
		{"a grave accent", "`", 1, true},
		{"a small c with a cedilla", "ç", 1, true},
		{"a capital C with a cedilla", "Ç", 1, false},
		{"a tab", "a\tb", 1, true},
		{"line ends", "a\r\nb\f", 1, false},
		{"an escape", "\x1b", 1, true},
		{"70 units", strings.Repeat("中", 70), 1, true},
		{"71 units", strings.Repeat("中", 71), 2, true},
		{"134 units", strings.Repeat("中", 134), 2, true},
		{"135 units", strings.Repeat("中", 135), 3, true},
		{"35 emoji", strings.Repeat("😀", 35), 1, true},
		{"36 emoji: 33 in a part", strings.Repeat("😀", 36), 2, true},
		{"67 emoji, never split", strings.Repeat("😀", 67), 3, true},
		{"one Chinese character makes all UCS-2", a(70) + "中", 2, true},
		{"bytes that are not UTF-8", "\xff", 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			segments, unicode := sms.CountSegments(c.text)
			if segments != c.segments || unicode != c.unicode {
				t.Errorf("%d, %v, want %d, %v", segments, unicode, c.segments, c.unicode)
			}
		})
	}
}

// The alphabet as the standard prints it, a column of eight lines to a line
// here, and the extension table. ESC, which leads to the latter, stands for itself.
const (
	gsmAlphabet = "@£$¥èéùìòÇ\nØø\rÅå" + "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
		" !\"#¤%&'()*+,-./" + "0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNO" + "PQRSTUVWXYZÄÖÑÜ§" +
		"¿abcdefghijklmno" + "pqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// slowSegments cuts the text into parts, character by character.
func slowSegments(text string) (segments int, unicode bool) {
	characters := []rune(text)
	sizes := make([]int, len(characters))
	for i, c := range characters {
		switch {
		case c != '\x1b' && strings.ContainsRune(gsmAlphabet, c):
			sizes[i] = 1
		case strings.ContainsRune(gsmExtension, c):
			sizes[i] = 2
		default:
			unicode = true
		}
	}
	single, part := 160, 153
	if unicode {
		single, part = 70, 67
		for i, c := range characters {
			sizes[i] = len(utf16.Encode([]rune{c}))
		}
	}
	sum := 0
	for _, size := range sizes {
		sum += size
	}
	switch {
	case sum == 0:
		return 0, unicode
	case sum <= single:
		return 1, unicode
	}
	var all [][]int
	var now []int
	room := part
	for _, size := range sizes {
		if size > room {
			all, now, room = append(all, now), nil, part
		}
		now, room = append(now, size), room-size
	}
	return len(append(all, now)), unicode
}

func TestCountSegments_everyCharacter(t *testing.T) {
	if n := len([]rune(gsmAlphabet)); n != 128 {
		t.Fatalf("the alphabet has %d characters", n)
	}
	for c := rune(0); c < 0x2100; c++ {
		compareSegments(t, string(c))
	}
	for _, c := range gsmAlphabet + gsmExtension + "中😀" {
		for _, n := range []int{35, 36, 71, 81, 161, 310} {
			compareSegments(t, strings.Repeat(string(c), n))
		}
	}
}

func compareSegments(t *testing.T, text string) {
	t.Helper()
	segments, unicode := sms.CountSegments(text)
	if wantSegments, wantUnicode := slowSegments(text); segments != wantSegments || unicode != wantUnicode {
		t.Fatalf("%q: %d, %v, want %d, %v", text, segments, unicode, wantSegments, wantUnicode)
	}
}

func FuzzCountSegments(f *testing.F) {
	for _, s := range []string{"", "hello [world] €", "中文😀", strings.Repeat("a", 152) + "{" + strings.Repeat("b", 200), "\xff\xfe"} {
		f.Add(s, 1)
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, s string, times int) {
		compareSegments(t, strings.Repeat(s, min(max(times, 0), 100)))
	})
}

func TestCountSegments_doesNotAllocate(t *testing.T) {
	texts := []string{strings.Repeat("a", 95), strings.Repeat("[", 200), strings.Repeat("中", 95), strings.Repeat("😀", 95)}
	if n := testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			_, _ = sms.CountSegments(text)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkCountSegments(b *testing.B) {
	for name, text := range map[string]string{
		"GSM-7":     strings.Repeat("Hello, dear", 9)[:95],
		"extension": strings.Repeat("a[b]€", 40),
		"UCS-2":     strings.Repeat("您的验证码是", 16)[:95*3],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = sms.CountSegments(text)
			}
		})
	}
}

func ExampleCountSegments() {
	fmt.Println(sms.CountSegments("Your code is 482913."))
	fmt.Println(sms.CountSegments("【云通信】您的验证码是482913，5分钟内有效。"))
	fmt.Println(sms.CountSegments(strings.Repeat("a", 161)))
	// Output:
	// 1 false
	// 1 true
	// 2 false
}
