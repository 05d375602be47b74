package recipe

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

var hashOf = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// sign computes a signature, once.
func (f *filler) sign(name string) ([]byte, error) {
	if raw, ok := f.signs[name]; ok {
		return raw, nil
	}
	i := slices.IndexFunc(f.r.signs, func(s *sign) bool { return s.name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no signature %q", name)
	}
	s := f.r.signs[i]
	signed, err := f.signed(s)
	if err != nil {
		return nil, err
	}
	var key string
	if s.key != nil {
		if key, _, err = f.text(*s.key); err != nil {
			return nil, err
		}
	}
	raw := s.compute(signed, key)
	if f.signs == nil {
		f.signs = map[string][]byte{}
	}
	f.signs[name] = raw
	return raw, nil
}

func (s *sign) compute(signed, key string) []byte {
	raw := []byte(signed)
	if method, keyed := strings.CutPrefix(s.method, "hmac_"); keyed {
		mac := hmac.New(hashOf[method], []byte(key))
		mac.Write(raw)
		raw = mac.Sum(nil)
	} else if s.method != "plain" {
		h := hashOf[s.method]()
		h.Write(raw)
		raw = h.Sum(nil)
	}
	switch s.as {
	case "hex":
		return []byte(hex.EncodeToString(raw))
	case "hex_upper":
		return []byte(strings.ToUpper(hex.EncodeToString(raw)))
	case "base64":
		return []byte(base64.StdEncoding.EncodeToString(raw))
	case "base64url":
		return []byte(base64.URLEncoding.EncodeToString(raw))
	case "percent":
		return []byte(percent(string(raw)))
	}
	return raw
}

// signed returns the text that a signature is over.
func (f *filler) signed(s *sign) (string, error) {
	var b strings.Builder
	if s.sorted == nil {
		for _, t := range s.pieces {
			piece, leave, err := f.text(t)
			if err != nil {
				return "", err
			}
			if !leave {
				b.WriteString(piece)
			}
		}
		return b.String(), nil
	}
	pairs, err := f.pairs(s.sorted)
	if err != nil {
		return "", err
	}
	write := func(t text) error {
		piece, _, err := f.text(t)
		b.WriteString(piece)
		return err
	}
	if err := write(s.sorted.before); err != nil {
		return "", err
	}
	for i, p := range pairs {
		if i > 0 {
			if err := write(s.sorted.between); err != nil {
				return "", err
			}
		}
		if f.name, f.value = p.Name, p.Value; s.sorted.percent {
			f.name, f.value = percent(p.Name), percent(p.Value)
		}
		if err := write(s.sorted.pair); err != nil {
			return "", err
		}
	}
	err = write(s.sorted.after)
	return b.String(), err
}

// pairs returns the fields of a sorted signature in the order of their names. Those
// under without are skipped before they are filled.
func (f *filler) pairs(s *sorted) (list []Value, err error) {
	if d := f.actual[s.of]; d != nil {
		return fieldsAsSent(d, s.without), nil
	}
	n := f.q.body
	if s.of == "query" {
		n = f.q.query
	}
	if n == nil {
		return nil, nil
	}
	kept := &node{kind: mapNode}
	for i, name := range n.names {
		if plain, ok := name.literal(); !ok || !slices.Contains(s.without, plain) {
			kept.names, kept.kids = append(kept.names, name), append(kept.kids, n.kids[i])
		}
	}
	err = f.fields(kept, func(name string, kid *node) error {
		v, err := f.plain(kid)
		list = append(list, Value{name, v})
		return err
	})
	slices.SortStableFunc(list, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}
