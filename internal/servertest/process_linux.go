package servertest

import "syscall"

// diesWithParent has the kernel kill the child when this process ends, however it
// ends.
func diesWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGKILL
	return attr
}
