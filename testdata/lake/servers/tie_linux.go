package servers

import (
	"os/exec"
	"runtime"
	"syscall"
)

// tieToParent has the system end a process when this one ends, however that happens. The process belongs to the thread that
// starts it, so the calling goroutine keeps its thread until it calls the function returned.
func tieToParent(cmd *exec.Cmd) (untie func()) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return runtime.UnlockOSThread
}
