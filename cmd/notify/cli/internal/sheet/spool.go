package sheet

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// A spool is a copy of a file that nothing else can change. It has no name.
type spool struct {
	*os.File
	size    int64
	sum     [sha256.Size]byte
	removed bool // its name is
}

// newSpool copies path, or from if path is "-", into a file of its own that only
// this process can read.
func newSpool(path string, from io.Reader) (*spool, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	copied, err := os.CreateTemp("", "notify-*") // of mode 0600
	if err != nil {
		return nil, err
	}
	s := &spool{File: copied}
	s.removed = os.Remove(copied.Name()) == nil // some systems refuse while it is open
	hash := sha256.New()
	s.size, err = io.Copy(io.MultiWriter(copied, hash), from)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s cannot be copied to %s: %w", path, os.TempDir(), err), s.Close())
	}
	copy(s.sum[:], hash.Sum(nil))
	return s, nil
}

// Close ends the copy.
func (s *spool) Close() error {
	err := s.File.Close()
	if !s.removed {
		err = errors.Join(err, os.Remove(s.Name()))
	}
	return err
}

// reader reads the copy from its beginning.
func (s *spool) reader() io.Reader { return io.NewSectionReader(s.File, 0, s.size) }
