//go:build unix

package servertest

import (
	"os/user"
	"strconv"
	"syscall"
)

// asUser gives what makes a child run as the user called name, or, where there is
// none, as nobody.
func asUser(name string) (attr *syscall.SysProcAttr, uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, 0, 0, err
		}
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return nil, 0, 0, err
	}
	if gid, err = strconv.Atoi(u.Gid); err != nil {
		return nil, 0, 0, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, uid, gid, nil
}
