package sqlitebox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// owners tells by locks of files which processes live: each owner holds a lock on
// a file of its own, which the system gives back when its process ends, however
// it ends.
type owners struct {
	path string
	mu   sync.Mutex
	held []*os.File
}

func (o *owners) file(owner int64) string { return fmt.Sprintf("%s-owner-%d", o.path, owner) }

// own locks the file of an owner that this process becomes.
func (o *owners) own(owner int64) error {
	f, err := lockFile(o.file(owner))
	if err != nil || f == nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = append(o.held, f)
	return nil
}

// gone tells whether the process of an owner is certainly no more. It takes the
// file away of one that is.
func (o *owners) gone(owner int64) bool {
	f, err := tryLock(o.file(owner))
	if err != nil || f == nil { // held, or nobody can tell
		return false
	}
	_ = os.Remove(f.Name())
	_ = f.Close()
	return true
}

// sweep takes away the files of processes that are gone and have no row: of one that
// was killed before it became an owner, or was taken for dead while it slept.
func (o *owners) sweep() {
	files, _ := filepath.Glob(o.file(0)[:len(o.file(0))-1] + "*") // no pattern of ours is malformed
	for _, name := range files {
		if f, err := tryLock(name); err == nil && f != nil {
			_ = os.Remove(name)
			_ = f.Close()
		}
	}
}

func (o *owners) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var faults []error
	for _, f := range o.held {
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
			faults = append(faults, err)
		}
		faults = append(faults, f.Close())
	}
	o.held = nil
	return errors.Join(faults...)
}
