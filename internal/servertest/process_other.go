//go:build !linux

package servertest

import "syscall"

func diesWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }
