package verify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"slices"
	"sync"

	"github.com/notifykit/notify/sms"
)

// A keyring is what one Key is used for. Three keys are derived from it by HMAC
// with a label each, so that what the store holds under one says nothing of the
// others.
type keyring struct {
	ids    [maxDigits + 1]uint64 // name the key and each number of digits in a code's record
	own    uint64                // names the key in a proof
	digits int                   // of new codes
	code   macs                  // the code from its nonce
	tag    macs                  // what the store compares
	proof  macs                  // what the store knows of a proof
}

// Labels are never changed: every code and proof that waits would be void.
const (
	labelID    = "notify verify key id"
	labelCode  = "notify verify code"
	labelTag   = "notify verify tag"
	labelProof = "notify verify proof"
)

func newKeyring(key []byte, digits int) *keyring {
	k := &keyring{
		own:    binary.BigEndian.Uint64(derive(key, labelID)),
		digits: digits,
		code:   newMACs(derive(key, labelCode)),
		tag:    newMACs(derive(key, labelTag)),
		proof:  newMACs(derive(key, labelProof)),
	}
	for n := minDigits; n <= maxDigits; n++ {
		k.ids[n] = binary.BigEndian.Uint64(derive(key, labelID, byte(n)))
	}
	return k
}

// id is the name that new codes' records have.
func (k *keyring) id() uint64 { return k.ids[k.digits] }

// digitsOf returns the number of digits that a record's name of a key says; 0: the
// name is not this key's.
func (k *keyring) digitsOf(id uint64) int {
	return max(0, slices.Index(k.ids[:], id))
}

func derive(key []byte, label string, more ...byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(label))
	m.Write(more)
	return m.Sum(nil)
}

// macs keeps HMAC states of one key: making one costs more than using it.
type macs struct{ pool *sync.Pool }

// A mac is a state with room for what goes through it, so that nothing escapes.
type mac struct {
	hash.Hash
	in  []byte
	sum [sha256.Size]byte
}

func newMACs(key []byte) macs {
	return macs{&sync.Pool{New: func() any {
		return &mac{Hash: hmac.New(sha256.New, key), in: make([]byte, 0, 128)}
	}}}
}

// of gives the HMAC of a subject between two other parts. The lengths stand
// before number and purpose, so that no two inputs are one.
func (ms macs) of(before []byte, s Subject, after string) Tag {
	m := ms.pool.Get().(*mac)
	defer ms.pool.Put(m)
	in := append(m.in[:0], before...)
	in = append(in, byte(len(s.To)))
	in = append(in, s.To...)
	in = append(in, byte(len(s.Purpose)))
	in = append(in, s.Purpose...)
	m.in = append(in, after...)
	m.Reset()
	m.Write(m.in)
	m.Sum(m.sum[:0])
	return m.sum
}

// codeOf returns the code of a nonce, with as many digits as the keyring's new codes.
func (k *keyring) codeOf(nonce ID, s Subject) string { return k.codeWith(k.digits, nonce, s) }

// codeWith returns the code of a nonce with a number of digits: always the same one.
// All 256 bits of the HMAC modulo the number of codes: no code is likelier than another
// by more than one part in 2^222.
func (k *keyring) codeWith(digits int, nonce ID, s Subject) string {
	bound := uint64(1)
	for range digits {
		bound *= 10
	}
	sum := k.code.of(nonce[:], s, "")
	var n uint64
	for _, b := range sum {
		n = (n<<8 | uint64(b)) % bound
	}
	var text [maxDigits]byte
	for i := digits - 1; i >= 0; i-- {
		text[i] = byte('0' + n%10)
		n /= 10
	}
	return string(text[:digits])
}

func (k *keyring) tagOf(s Subject, code string) Tag { return k.tag.of(nil, s, code) }

// proofID is what the store knows of a proof: whoever reads the store cannot
// redeem it.
func (k *keyring) proofID(s Subject, token ID) ID {
	sum := k.proof.of(token[:], s, "")
	return ID(sum[:len(ID{})])
}

// A token is the name of the key and 16 random bytes.
const tokenBytes = 8 + len(ID{})

func (k *keyring) token(secret ID) string {
	var b [tokenBytes]byte
	binary.BigEndian.PutUint64(b[:], k.own)
	copy(b[8:], secret[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// readToken reads what token wrote, of whatever key.
func readToken(token string) (key uint64, secret ID, ok bool) {
	var b [tokenBytes]byte
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return 0, ID{}, false
	}
	if n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(token)); err != nil || n != tokenBytes {
		return 0, ID{}, false
	}
	return binary.BigEndian.Uint64(b[:]), ID(b[8:]), true
}

// newID gives a random ID. crypto/rand does not fail: it ends the process
// rather than give bytes that are not random.
func newID() (id ID) {
	rand.Read(id[:])
	return id
}

// noCode gives a tag that no code has.
func noCode() (t Tag) {
	rand.Read(t[:])
	return t
}

// typed returns a code as it was meant: without the blanks, dashes and characters
// that are not seen, which people and keyboards put in (sms.IsFiller), and with
// full-width and Arabic digits as ASCII ones. What is no
// code at all stays wrong, and short.
func typed(code string) string {
	if plain(code) {
		return code
	}
	out := make([]byte, 0, maxDigits+1)
	for _, c := range code[:min(len(code), 128)] {
		digit, isDigit := digitOf(c)
		switch {
		case len(out) > maxDigits:
			return string(out)
		case isDigit:
			out = append(out, digit)
		case sms.IsFiller(c):
		default:
			out = append(out, '?')
		}
	}
	return string(out)
}

func plain(code string) bool {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return false
		}
	}
	return len(code) <= maxDigits
}

func digitOf(c rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '\uff10', '\u0660', '\u06f0'} { // ASCII, full-width, Arabic, Persian
		if c >= zero && c <= zero+9 {
			return byte('0' + c - zero), true
		}
	}
	return 0, false
}
