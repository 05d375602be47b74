//go:build !unix || aix || solaris

package sqlitebox

import "os"

// Without these locks nobody knows, and leases lapse.
func lockFile(string) (*os.File, error) { return nil, nil }

func tryLock(string) (*os.File, error) { return nil, nil }
