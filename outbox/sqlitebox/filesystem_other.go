//go:build !linux

package sqlitebox

// checkFilesystem knows the file systems of Linux only.
func checkFilesystem(string, string) error { return nil }
