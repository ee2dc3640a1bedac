//go:build unix

package shell

import (
	"context"
	"os/exec"
	"syscall"
)

// command has a process group of its own, so that it can be killed with all that it has started.
func command(ctx context.Context, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", line)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c
}
