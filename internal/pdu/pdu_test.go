package pdu_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sms"
)

var forms = []pdu.Form{pdu.UDH, pdu.UDH16, pdu.SAR, pdu.Payload}

// alphabets and the data_coding that each is sent under; its carrier's own alphabet
// is the same.
var alphabets = map[pdu.Alphabet]byte{pdu.GSM: 0, pdu.Packed: 0, pdu.ASCII: 1, pdu.Latin1: 3, pdu.UCS2: 8}

// The bytes of SMPP 3.4's own example of a bind_transmitter.
func TestRead_bind(t *testing.T) {
	frame, _ := hex.DecodeString("0000002f000000020000000000000001" + "534d50503354455354007365637265743038005355424d4954310000010100")
	p, err := pdu.Read(bytes.NewReader(frame))
	if err != nil || p.ID != pdu.BindTransmitter || p.Seq != 1 {
		t.Fatalf("%v, %v", p, err)
	}
	b, err := pdu.ParseBind(p.Body)
	if err != nil || b.SystemID != "SMPP3TEST" || b.Password != "secret08" || b.SystemType != "SUBMIT1" || b.Range.TON != 1 || b.Range.NPI != 1 {
		t.Errorf("%v, %v", b, err)
	}
	if again := (pdu.PDU{ID: p.ID, Seq: p.Seq, Body: b.Bytes()}).Bytes(); !bytes.Equal(again, frame) {
		t.Errorf("%x, want %x", again, frame)
	}
}

func TestRead_damaged(t *testing.T) {
	whole := pdu.PDU{ID: pdu.SubmitSM, Seq: 7, Body: []byte("body")}.Bytes()
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := pdu.Read(bytes.NewReader(whole[:n])); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", n, err, want)
		}
	}
	for _, length := range []string{"00000000", "0000000f", "ffffffff", "00012001"} {
		b, _ := hex.DecodeString(length + "000000040000000000000001")
		if _, err := pdu.Read(bytes.NewReader(b)); !errors.Is(err, pdu.ErrLength) {
			t.Errorf("length %s: %v", length, err)
		}
	}
}

func TestMessage_fields(t *testing.T) {
	m := pdu.Message{
		ServiceType: "CMT", Source: pdu.Address{TON: 5, Addr: "ACME"}, Dest: pdu.Address{TON: 1, NPI: 1, Addr: "447700900001"},
		ESMClass: 0x40, Protocol: 1, Priority: 2, Schedule: "", Validity: "000000000500000R", Registered: 1, Replace: 3, Coding: 8, DefaultID: 4,
		Short: []byte("text"), TLVs: pdu.TLVs{{Tag: 0x1400, Value: []byte("110")}, {Tag: pdu.TagSARSeq, Value: []byte{2}}},
	}
	got, err := pdu.ParseMessage(pdu.SubmitSM, m.Bytes())
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%+v, %v", got, err)
	}
	if n, ok := got.TLVs.Number(pdu.TagSARSeq); !ok || n != 2 {
		t.Errorf("sar_segment_seqnum is %d, %v", n, ok)
	}
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v", m, m, m), fmt.Sprintf("%+v", pdu.Bind{SystemID: "a", Password: "password"})} {
		if strings.Contains(shown, "447700900001") || strings.Contains(shown, "text") || strings.Contains(shown, "password") {
			t.Errorf("it shows what it must not: %s", shown)
		}
	}
	whole := m.Bytes()
	for n := range whole {
		if cut, err := pdu.ParseMessage(pdu.SubmitSM, whole[:n]); err == nil && len(cut.TLVs) == len(m.TLVs) {
			t.Errorf("%d of %d bytes are a whole message", n, len(whole))
		}
	}
}

// Vectors of facts that others have measured.
func TestEncode_vectors(t *testing.T) {
	for _, c := range []struct {
		text, want string
		a          pdu.Alphabet
	}{
		{"hello @{}€", "68656c6c6f20001b281b291b65", pdu.GSM},
		{"hello", "e8329bfd06", pdu.Packed},
		{"hellohello", "e8329bfd4697d9ec37", pdu.Packed},
		{"é", "00e9", pdu.UCS2},
		{"😀", "d83dde00", pdu.UCS2},
		{"é", "e9", pdu.Latin1},
	} {
		if got := hex.EncodeToString(c.a.Encode(c.text, 0)); got != c.want || !c.a.Has(c.text) {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}

// Every character has the septets that sms.CountSegments counts.
func TestHas_isWhatIsCounted(t *testing.T) {
	for c := range rune(0x10000) {
		if c == utf8.RuneError || !utf8.ValidRune(c) {
			continue
		}
		text := string(c)
		_, unicode := sms.CountSegments(text)
		if pdu.GSM.Has(text) == unicode {
			t.Errorf("%U: in GSM 7-bit %v, counted as UCS-2 %v", c, pdu.GSM.Has(text), unicode)
		}
		for a := range alphabets {
			if a.Has(text) {
				if got := a.Decode(a.Encode(text, 0), 0); got != text && !(a == pdu.Packed && c == '\r') {
					t.Errorf("%U comes back as %q in alphabet %d", c, got, a)
				}
			}
		}
	}
}

// joined reads the parts as a receiver does.
func joined(t *testing.T, messages []pdu.Message, own pdu.Alphabet, wide bool) string {
	t.Helper()
	text := ""
	for i, m := range messages {
		got, err := pdu.ParseMessage(pdu.SubmitSM, m.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		part, c := got.Read(own)
		want := pdu.Concat{}
		if len(messages) > 1 {
			if want = (pdu.Concat{Ref: 0x1234, Total: byte(len(messages)), Seq: byte(i + 1)}); !wide {
				want.Ref = 0x34
			}
		}
		if c != want {
			t.Fatalf("part %d is %+v, want %+v", i+1, c, want)
		}
		if limit := 160; len(m.Short) > limit {
			t.Fatalf("part %d has %d octets", i+1, len(m.Short))
		}
		text += part
	}
	return text
}

// checkText sends a text in every alphabet that has it and in every form.
func checkText(t *testing.T, text string) {
	t.Helper()
	for a, coding := range alphabets {
		if !a.Has(text) || a == pdu.Packed && strings.Contains(text, "\r") {
			continue
		}
		for _, f := range forms {
			messages := pdu.Message{}.With(text, a, coding, f, 0x1234)
			if len(messages) > pdu.MaxParts {
				continue
			}
			if got := joined(t, messages, a, f != pdu.UDH); got != text {
				t.Fatalf("alphabet %d, form %d: %q, want %q", a, f, got, text)
			}
			parts := pdu.Parts(text, a, f)
			if f != pdu.Payload && parts != len(messages) && text != "" {
				t.Errorf("alphabet %d, form %d: %d parts, counted %d", a, f, len(messages), parts)
			}
			segments, unicode := sms.CountSegments(text)
			if f != pdu.UDH16 && text != "" && unicode == (a == pdu.UCS2) && parts != segments {
				t.Errorf("alphabet %d, form %d: %d parts, billed as %d", a, f, parts, segments)
			}
		}
	}
}

func TestWith_everyLength(t *testing.T) {
	for n := range 330 {
		checkText(t, strings.Repeat("x", n))
		checkText(t, strings.Repeat("é", n))
		checkText(t, strings.Repeat("x", n)+"€")
		checkText(t, strings.Repeat("漢", n)+"😀")
	}
}

func TestWith_randomTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := []rune("abc @$é€[]{}ÄΔ\n漢字😀")
	for range 200 {
		text := make([]rune, r.IntN(700))
		limit := 1 + r.IntN(len(some))
		for i := range text {
			text[i] = some[r.IntN(limit)]
		}
		checkText(t, string(text))
	}
}

// Places that cannot be are a message that is whole.
func TestMessage_Read_damagedHeaders(t *testing.T) {
	for _, header := range []string{"05000301", "050003010200", "050003010203", "05000301010105", "ff", "00", "0408030102"} {
		b, _ := hex.DecodeString(header)
		if _, c := (pdu.Message{ESMClass: pdu.ESMHeader, Short: b}).Read(pdu.GSM); c != (pdu.Concat{}) {
			t.Errorf("%s: %+v", header, c)
		}
	}
	// A port comes first in this one.
	b, _ := hex.DecodeString("0b0504158200000003090201" + "61")
	if text, c := (pdu.Message{ESMClass: pdu.ESMHeader, Short: b}).Read(pdu.GSM); text != "a" || c != (pdu.Concat{Ref: 9, Total: 2, Seq: 1}) {
		t.Errorf("%q, %+v", text, c)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(pdu.PDU{ID: pdu.SubmitSM, Body: pdu.Message{Short: []byte("x")}.Bytes()}.Bytes())
	f.Add(pdu.PDU{ID: pdu.BindTransceiver, Body: pdu.Bind{SystemID: "a"}.Bytes()}.Bytes())
	f.Add([]byte("220 mail.example ESMTP\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := pdu.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if again := p.Bytes(); !bytes.Equal(again, data[:len(again)]) {
			t.Errorf("%x, want %x", again, data)
		}
		for _, id := range []pdu.ID{pdu.SubmitSM, pdu.DataSM} {
			m, err := pdu.ParseMessage(id, p.Body)
			if err == nil && id == pdu.SubmitSM && !bytes.Equal(m.Bytes(), p.Body) {
				t.Errorf("%x, want %x", m.Bytes(), p.Body)
			}
			m.Read(pdu.GSM)
			m.Read(pdu.Packed)
		}
		pdu.ParseBind(p.Body)
		pdu.ParseID(p.Body)
	})
}

func FuzzText(f *testing.F) {
	f.Add("hello @€")
	f.Add(strings.Repeat("漢字", 80))
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkText(t, text)
		}
	})
}
