//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the program in a process of its own.
type process struct {
	*exec.Cmd
	log *bufio.Reader // stderr
}

func startProcess(t *testing.T, stdout *os.File, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "mailerlake", args...) // TestMain put it in the path
	cmd.Env = append(os.Environ(), env...)
	if stdout != nil { // a nil *os.File is not a nil Writer
		cmd.Stdout = stdout
	}
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &process{cmd, bufio.NewReader(stderr)}
}

// awaitLog reads stderr up to a line with text.
func (p *process) awaitLog(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := p.log.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("await %q: %v", text, err)
		}
	}
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end of the process and returns its exit code, or -1 and the signal that killed it.
func (p *process) end(t *testing.T) (code int, killedBy syscall.Signal) {
	t.Helper()
	io.Copy(io.Discard, p.log)
	err := p.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		killedBy = exit.Sys().(syscall.WaitStatus).Signal()
	}
	return p.ProcessState.ExitCode(), killedBy
}

// hangingServer answers nothing until the test ends, and returns the environment that leads the program there.
func hangingServer(t *testing.T) (env []string) {
	t.Helper()
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(end) })
	return []string{"MAILERLITE_API_URL=" + server.URL + "/api", "MAILERLITE_API_KEY=key"}
}

// TestSignalAtAnyTime sends a signal to many processes, each a little later than the one before. Before main installs
// its handler, a signal kills the process by default: that is only allowed as long as it has touched nothing. From its
// first line on, the exit code is 130.
func TestSignalAtAnyTime(t *testing.T) {
	env := hangingServer(t)
	killed := 0
	for i := range 40 {
		out := filepath.Join(t.TempDir(), "lake")
		p := startProcess(t, nil, env, "export", "--out", out)
		started := i%4 == 3
		if started {
			p.awaitLog(t, "msg=started")
		} else {
			<-time.After(time.Duration(i) * time.Millisecond / 2)
		}
		p.signal(t, os.Interrupt)
		switch code, by := p.end(t); {
		case code == 130:
		case by == syscall.SIGINT && !started && !exists(out):
			killed++
		default:
			t.Errorf("try %d: got exit code %d, killed by signal %d", i, code, by)
		}
	}
	t.Logf("%d of 40 processes were killed before they had a handler", killed)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// TestSecondSignalEndsAtOnce blocks the program where no context reaches: nobody reads its stdout.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	for range 5 {
		p := startProcess(t, fullPipe(t), nil, "export", "--demo", "--out", filepath.Join(t.TempDir(), "lake"))
		p.awaitLog(t, "msg=ended") // all that is left to do is to print the report
		p.signal(t, syscall.SIGINT)
		p.signal(t, syscall.SIGTERM) // two of the same signal might arrive as one
		if code, by := p.end(t); code != 130 {
			t.Errorf("got exit code %d, killed by signal %d, want 130", code, by)
		}
	}
}

// fullPipe returns the end of a pipe that blocks whoever writes to it.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	conn, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} { // the last byte has to be there too
		var full error
		err := conn.Write(func(fd uintptr) bool { // the file does not block yet: it is not another process's
			for full == nil {
				_, full = syscall.Write(int(fd), make([]byte, size))
			}
			return true
		})
		if err != nil || !errors.Is(full, syscall.EAGAIN) {
			t.Fatalf("fill a pipe: %v, %v", err, full)
		}
	}
	return w
}
