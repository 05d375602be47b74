package verify

import (
	"encoding/hex"
	"math"
	"strconv"
	"testing"
)

// What is derived never changes, else every code that waits would be void. The
// values were computed by another implementation (Python's hmac).
func TestDerivation(t *testing.T) {
	var key [32]byte
	var nonce ID
	for i := range key {
		key[i] = byte(i)
	}
	for i := range nonce {
		nonce[i] = byte(100 + i)
	}
	s := Subject{To: "+8613800000001", Purpose: "login"}
	for digits, want := range map[int]string{4: "8428", 6: "138428", 10: "8671138428"} {
		if got := newKeyring(key[:], digits).codeOf(nonce, s); got != want {
			t.Errorf("the code of %d digits is %s, not %s", digits, got, want)
		}
	}
	k := newKeyring(key[:], 6)
	tag := k.tagOf(s, "138428")
	if got := hex.EncodeToString(tag[:]); got != "5fb5bac0d2a4b07c01a177ef37aaea4e98420ca68fc827f64347cec5347baf82" {
		t.Errorf("the tag is %s", got)
	}
	if got := k.proofID(s, nonce).String(); got != "546fbef72dbc81851c1164d7b4d83f95" {
		t.Errorf("the proof's ID is %s", got)
	}
	if k.id() != 12308727345726099145 {
		t.Errorf("the key's ID is %d", k.id())
	}
	if got := k.token(nonce); got != "5REunkhrZZ5kZWZnaGlqa2xtbm9wcXJz" {
		t.Errorf("the token is %s", got)
	}
	if own, secret, ok := readToken(k.token(nonce)); !ok || own != k.own || secret != nonce {
		t.Error("a token is not read as it was written")
	}
}

// No two subjects, nonces or codes go into an HMAC as the same bytes.
func TestDerivationTellsInputsApart(t *testing.T) {
	k := newKeyring([]byte("0123456789abcdef0123456789abcdef"), 10)
	subjects := []Subject{
		{"+861380000000", "1"}, {"+8613800000001", ""}, {"+86138000000", "01"}, {"+8613800000001", "1"}, {"+8613800000001", "login"}, {"+8613800000002", "login"},
	}
	seen := map[any]string{}
	note := func(what string, value any) {
		if before, twice := seen[value]; twice {
			t.Errorf("%s and %s come to the same", before, what)
		}
		seen[value] = what
	}
	for _, s := range subjects {
		for nonce := range 2 {
			note("a code of "+s.To.E164()+" "+s.Purpose, "code "+k.codeOf(ID{byte(nonce)}, s))
			note("a proof of "+s.To.E164()+" "+s.Purpose, k.proofID(s, ID{byte(nonce)}))
		}
		for _, code := range []string{"", "1", "11", "login"} {
			note("a tag of "+s.To.E164()+" "+s.Purpose+" "+code, k.tagOf(s, code))
		}
	}
}

// Every code of four digits is as likely. Of 200,000 codes in 10,000 cells
// chi-squared is 9,999 and deviates by 141; six deviations are once in 10^9.
func TestCodesFillTheirRange(t *testing.T) {
	const n = 200_000
	k := newKeyring([]byte("0123456789abcdef0123456789abcdef"), 4)
	var counts [10_000]int
	for range n {
		code, err := strconv.Atoi(k.codeOf(newID(), Subject{To: "+8613800000001"}))
		if err != nil {
			t.Fatal(err)
		}
		counts[code]++
	}
	chi := 0.0
	for _, c := range counts {
		chi += math.Pow(float64(c)-n/10_000, 2) / (n / 10_000)
	}
	if math.Abs(chi-9_999) > 6*141 {
		t.Errorf("chi-squared is %.0f", chi)
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add("5REunkhrZZ5kZWZnaGlqa2xtbm9wcXJz")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		own, secret, ok := readToken(token)
		if ok && (&keyring{own: own}).token(secret) != token {
			t.Errorf("two texts are one token: %q", token)
		}
	})
}

func FuzzTyped(f *testing.F) {
	f.Add("12 34-56")
	f.Add("\uff11\uff12\u0663x\xff")
	f.Fuzz(func(t *testing.T, code string) {
		got := typed(code)
		if len(got) > maxDigits+1 || typed(got) != got {
			t.Errorf("%q is read as %q", code, got)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("zh-CN,zh;q=0.9,en;q=0.8")
	f.Fuzz(func(t *testing.T, header string) {
		if Text(ErrRegion, header) == "" {
			t.Error("there is no text")
		}
	})
}
