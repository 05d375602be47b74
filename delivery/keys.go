package delivery

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"github.com/notifykit/notify/sms"
)

// minKey is the least number of bytes of a key.
const minKey = 32

// Labels are never changed: what is stored would not be found.
const (
	labelMessage = "notify delivery message"
	labelKey     = "notify delivery key"
	labelNumber  = "notify delivery number"
	labelSeal    = "notify delivery seal"
	labelKeyID   = "notify delivery key id"
)

// keys derive what a Store keeps in place of numbers.
type keys struct {
	secret []byte   // identifies records; never changes
	all    [][]byte // of numbers: the first is used, all are read
}

func derive(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0})
	}
	return m.Sum(nil)
}

// message returns the ID of a vendor message.
func (k *keys) message(scope, vendorID string, shared bool, to sms.Number) (id ID) {
	if to = to.Subject(); !shared {
		to = ""
	}
	copy(id[:], derive(k.secret, labelMessage, scope, vendorID, string(to)))
	return id
}

// unsent returns the ID of a message that no vendor is known to have.
func (k *keys) unsent(key string) (id ID) {
	copy(id[:], derive(k.secret, labelKey, key))
	return id
}

// number returns the hash of a number.
func (k *keys) number(n sms.Number) Hash {
	if n == "" {
		return Hash{}
	}
	return numberUnder(k.all[0], n)
}

// numbers returns the hashes of a number under every key.
func (k *keys) numbers(n sms.Number) []Hash {
	var all []Hash
	for _, key := range k.all {
		all = append(all, numberUnder(key, n))
	}
	return all
}

func numberUnder(key []byte, n sms.Number) (h Hash) {
	copy(h[:], derive(key, labelNumber, string(n.Subject())))
	return h
}

// keyIDBytes is the length of what names a key in a sealed number.
const keyIDBytes = 8

// seal encrypts a number for the record id, with AES-256-GCM under a key of its own.
func (k *keys) seal(id ID, n sms.Number) string {
	if n == "" {
		return ""
	}
	box := aead(k.all[0], id)
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	out := append(derive(k.all[0], labelKeyID)[:keyIDBytes], nonce...)
	return string(box.Seal(out, nonce, []byte(n), id[:]))
}

var errSealed = errors.New("delivery: the number cannot be opened with these keys")

// open decrypts what seal returned.
func (k *keys) open(id ID, sealed string) (sms.Number, error) {
	for _, key := range k.all {
		box := aead(key, id)
		if len(sealed) < keyIDBytes+box.NonceSize() || sealed[:keyIDBytes] != string(derive(key, labelKeyID)[:keyIDBytes]) {
			continue
		}
		rest := []byte(sealed[keyIDBytes:])
		text, err := box.Open(nil, rest[:box.NonceSize()], rest[box.NonceSize():], id[:])
		if err != nil {
			return "", errSealed
		}
		return sms.Number(text), nil
	}
	return "", errSealed
}

func aead(key []byte, id ID) cipher.AEAD {
	block, err := aes.NewCipher(derive(key, labelSeal, string(id[:])))
	if err != nil {
		panic(err) // a SHA-256 sum is a key of AES-256
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return box
}
