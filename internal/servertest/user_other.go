//go:build !unix

package servertest

import (
	"errors"
	"syscall"
)

func asUser(string) (attr *syscall.SysProcAttr, uid, gid int, err error) {
	return nil, 0, 0, errors.New("this system cannot start a program as another user")
}
