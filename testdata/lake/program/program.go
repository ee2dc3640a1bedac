// Package program builds mailerlake and runs it as a user does. The two names you want are Build and Command.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long a command may take. One that takes longer hangs, and fails the test.
const Patience = 3 * time.Minute

// Command is a command line of mailerlake.
type Command struct {
	Dir  string   // working directory
	Env  []string // beside HOME, PATH and the like; nothing else of the test's environment is passed on
	Args []string
	// Watched says that the peak of its memory is wanted.
	Watched bool
}

// Result is how a command ended.
type Result struct {
	Command
	Code           int // exit code; -1 if it was killed
	Stdout, Stderr string
	Took           time.Duration
	PeakRSS        int64 // bytes, if it was watched; 0 where the system does not say
}

// String returns the command and what it printed, for messages.
func (r *Result) String() string {
	return fmt.Sprintf("mailerlake %s: exit code %d\n%s%s", strings.Join(r.Args, " "), r.Code, r.Stdout, r.Stderr)
}

// built is the program of this test binary.
var built struct {
	once sync.Once
	path string
	err  error
}

// Build builds the program once for a test binary, as a user would, and returns its path. Remove removes it.
func Build(t testing.TB) string {
	t.Helper()
	built.once.Do(func() { built.path, built.err = build() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func build() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	dir, err := os.MkdirTemp("", "mailerlake-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "mailerlake")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	cmd.Dir = filepath.Join(filepath.Dir(file), "..", "..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build mailerlake: %w\n%s", err, out)
	}
	return path, nil
}

// Remove removes the program, at the end of TestMain.
func Remove() {
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
}

// Run runs a command to its end, whatever its exit code.
func Run(t testing.TB, c Command) *Result {
	t.Helper()
	return Start(t, c).Wait(t)
}

// Must runs a command that has to succeed.
func Must(t testing.TB, c Command) *Result {
	t.Helper()
	r := Run(t, c)
	if r.Code != 0 {
		t.Fatal(r)
	}
	return r
}

// Process is a command that runs.
type Process struct {
	command        Command
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	began          time.Time
	cancel         context.CancelFunc
	ended          chan struct{} // closed when err is set
	err            error
	peak           chan int64 // of memory; nil unless watched
}

// Start starts a command.
func Start(t testing.TB, c Command) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	p := &Process{command: c, began: time.Now(), cancel: cancel, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, Build(t), c.Args...)
	p.cmd.Dir, p.cmd.Env = c.Dir, append(plainEnv(), c.Env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	if c.Watched {
		p.peak = make(chan int64, 1)
		go func() { p.peak <- watchRSS(p.cmd.Process.Pid, p.ended) }()
	}
	return p
}

// plainEnv returns the part of the environment that a program needs anywhere.
func plainEnv() (env []string) {
	for _, name := range []string{"HOME", "PATH", "TMPDIR", "GOCOVERDIR", "SystemRoot"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Kill ends the process as a power loss would, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// Signal sends a signal to the process.
func (p *Process) Signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended already

// Wait returns when the process has ended.
func (p *Process) Wait(t testing.TB) *Result {
	t.Helper()
	<-p.ended
	p.cancel()
	r := &Result{Command: p.command, Code: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout.String(), Stderr: p.stderr.String(),
		Took: time.Since(p.began)}
	if p.peak != nil {
		r.PeakRSS = <-p.peak
	}
	if exit := (*exec.ExitError)(nil); p.err != nil && !errors.As(p.err, &exit) {
		t.Fatalf("%v\n%s", p.err, r)
	}
	if r.Took >= Patience {
		t.Fatalf("it hangs: killed after %s\n%s", r.Took.Round(time.Second), r)
	}
	return r
}
