package sqlitebox

import (
	"fmt"
	"syscall"
)

// networks are file systems of other machines, by the number that statfs gives.
var networks = map[uint32]string{
	0x6969:     "nfs",
	0x517b:     "smb",
	0xfe534d42: "smb2",
	0xff534d42: "cifs",
	0x01021997: "9p",
	0x5346414f: "afs",
	0x00c36400: "ceph",
	0x65735546: "fuse",
}

// checkFilesystem refuses a folder on another machine.
func checkFilesystem(folder, allowed string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return fmt.Errorf("its folder: %w", err)
	}
	return refuse(uint32(s.Type), allowed)
}

// refuse tells of a file system whose files are another machine's.
func refuse(kind uint32, allowed string) error {
	name := networks[kind]
	if name == "" || name == allowed {
		return nil
	}
	return fmt.Errorf("it is on a file system called %s, which keeps neither locks nor order: put it on a local disk, use sqlbox for several machines, or set AllowFilesystem to %q", name, name)
}
