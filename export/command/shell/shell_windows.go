package shell

import (
	"context"
	"os/exec"
	"syscall"
)

// command gives cmd the line as it is: cmd does not read quotation marks as other programs do.
func command(ctx context.Context, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "cmd")
	c.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /S /C "` + line + `"`}
	return c
}
