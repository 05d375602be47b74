package sqlitebox

import (
	"strings"
	"testing"
)

// Mounting a network file system takes a second machine, or root: the numbers are
// those that the kernel's linux/magic.h gives.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		kind    uint32
		allowed string
		refused string
	}{
		{0xef53, "", ""},     // ext4
		{0x01021994, "", ""}, // tmpfs
		{0x6969, "", "nfs"},
		{0x6969, "nfs", ""},
		{0x6969, "smb2", "nfs"}, // another one is allowed
		{0xfe534d42, "", "smb2"},
		{0xff534d42, "", "cifs"},
		{0x65735546, "", "fuse"},
	} {
		err := refuse(c.kind, c.allowed)
		if (err != nil) != (c.refused != "") {
			t.Errorf("%#x with %q allowed: %v", c.kind, c.allowed, err)
		}
		if err != nil && !strings.Contains(err.Error(), `AllowFilesystem to "`+c.refused+`"`) {
			t.Errorf("%#x: the error does not name the way out: %v", c.kind, err)
		}
	}
	if err := checkFilesystem(t.TempDir()+"/none", ""); err == nil {
		t.Error("a folder that is not there has a file system")
	}
}
