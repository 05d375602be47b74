package outbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

const (
	minKey     = 32 // bytes of a key of Options.Keys
	keyIDBytes = 8
	saltBytes  = 16
	nonceBytes = 12
	sumBytes   = 16 // of a Hash: two contents meet once in 2^64 messages
)

// Labels are never changed: what is stored would be unreadable.
const (
	labelKeyID = "notify outbox key id"
	labelSeal  = "notify outbox seal"
	labelHash  = "notify outbox hash"
)

// keys are what Options.Keys are used for.
type keys struct {
	own         *key // nil: nothing is sealed
	all         []*key
	refusePlain bool
}

// A key seals and hashes. Every message is sealed under a key of its own, derived
// with a random salt, so that the number of messages is not bounded by that of
// random nonces.
type key struct {
	id         [keyIDBytes]byte
	seals, mac []byte
}

// newKeys derives what is needed of secrets, the first of which seals, and of those
// that only open.
func newKeys(secrets, opening [][]byte, refusePlain bool) *keys {
	k := &keys{refusePlain: refusePlain}
	for _, secret := range slices.Concat(secrets, opening) {
		one := &key{seals: derive(secret, labelSeal), mac: derive(secret, labelHash)}
		copy(one.id[:], derive(secret, labelKeyID))
		k.all = append(k.all, one)
	}
	if len(secrets) > 0 {
		k.own = k.all[0]
	}
	return k
}

func derive(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// aead is AES-256-GCM under the key that a salt leads to.
func (k *key) aead(salt []byte) cipher.AEAD {
	block, err := aes.NewCipher(derive(k.seals, string(salt)))
	if err != nil {
		return nil // not with the 32 bytes of SHA-256
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil // not with AES
	}
	return aead
}

// seal writes head, the key's ID, salt, nonce, and text sealed. What stands
// before it and the message's key are authenticated too, so that nobody can put
// one message in another's place.
func (k *key) seal(head, text []byte, messageKey string) []byte {
	var random [saltBytes + nonceBytes]byte
	rand.Read(random[:])
	out := append(slices.Clone(head), k.id[:]...)
	bound := append(slices.Clone(out), messageKey...)
	out = append(out, random[:]...)
	return k.aead(random[:saltBytes]).Seal(out, random[saltBytes:], text, bound)
}

var (
	errNoKey  = unreadableYet{errors.New("the stored message is sealed under a key that is among neither Options.Keys nor Options.OpenKeys")}
	errSealed = errors.New("the stored message does not open: it was changed, or belongs to another record")
)

// open reads what seal wrote, under whichever of the keys.
func (k *keys) open(data []byte, messageKey string) ([]byte, error) {
	const fixed = storedHead + keyIDBytes + saltBytes + nonceBytes
	if len(data) < fixed {
		return nil, errShort
	}
	one := k.find(data[storedHead : storedHead+keyIDBytes])
	if one == nil {
		return nil, errNoKey
	}
	random := data[storedHead+keyIDBytes : fixed]
	bound := append(slices.Clone(data[:storedHead+keyIDBytes]), messageKey...)
	text, err := one.aead(random[:saltBytes]).Open(nil, random[saltBytes:], data[fixed:], bound)
	if err != nil {
		return nil, errSealed
	}
	return text, nil
}

func (k *keys) find(id []byte) *key {
	for _, one := range k.all {
		if string(one.id[:]) == string(id) {
			return one
		}
	}
	return nil
}

// publicMAC hashes where there is no key. It keeps contents apart, and hides
// nothing from who can guess.
var publicMAC = [1]byte{}

// hash is the keyed hash of what m says and to whom; kind is resolved, so that a
// kind left out and the template's own are one content.
func (k *keys) hash(m sms.Message, kind sms.Kind) string {
	if k.own == nil {
		return hashUnder("-", publicMAC[:], m, kind)
	}
	return k.own.hash(m, kind)
}

func (k *key) hash(m sms.Message, kind sms.Kind) string {
	return hashUnder(base64.RawURLEncoding.EncodeToString(k.id[:]), k.mac, m, kind)
}

// hashUnder names version and key before the sum, so that a Hash under a former
// key can be compared.
func hashUnder(id string, mac []byte, m sms.Message, kind sms.Kind) string {
	h := hmac.New(sha256.New, mac)
	write := func(parts ...string) {
		for _, p := range parts {
			var n [8]byte
			binary.BigEndian.PutUint64(n[:], uint64(len(p)))
			h.Write(n[:])
			h.Write([]byte(p))
		}
	}
	write(string(m.To), m.Template, m.Body, kind.String(), m.From)
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		write(name, m.Params[name])
	}
	return "1." + id + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:sumBytes])
}

// same tells whether hash, made under any of the keys or without one, is that of
// m: after a key has been rotated, or the first was given.
func (k *keys) same(hash string, m sms.Message, kind sms.Kind) bool {
	id, _, ok := strings.Cut(strings.TrimPrefix(hash, "1."), ".")
	if !ok {
		return false
	}
	if id == "-" {
		return hashUnder("-", publicMAC[:], m, kind) == hash
	}
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return false
	}
	one := k.find(raw)
	return one != nil && one.hash(m, kind) == hash
}
