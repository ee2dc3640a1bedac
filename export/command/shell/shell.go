// Package shell runs a command line that a user gave, by the system's shell and for a limited time.
package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// lingering is how long what a command has started may keep its output open after the command has ended.
const lingering = 2 * time.Second

// Run runs a command line: by sh, on Windows by cmd. It reads input and writes to output. When the time is over, or ctx ends, the
// command is killed with all that it has started. An error does not repeat the line, which may hold a secret.
func Run(ctx context.Context, line string, environment []string, input []byte, output io.Writer, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	c := command(ctx, line)
	c.Env, c.Stdin, c.Stdout, c.Stderr, c.WaitDelay = environment, bytes.NewReader(input), output, output, lingering
	err := c.Run()
	var ended *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("it did not end within %v and was stopped", within)
	case errors.Is(err, exec.ErrWaitDelay): // it ended well and left something running
		return nil
	case errors.As(err, &ended):
		return fmt.Errorf("it ended with %v", ended)
	}
	return err
}
