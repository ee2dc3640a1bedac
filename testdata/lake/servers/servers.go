// Package servers runs object stores that others wrote, on this machine: versitygw speaks S3, fake-gcs-server Google Cloud
// Storage, and azurite Azure Blob Storage. The two names you want are Start and Server.
//
// A test binary calls Stop at the end of TestMain. A server keeps its objects in a temporary directory, or in memory, and
// ends with the test binary, however that ends.
package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Kind is a kind of server. It is also the scheme of its URLs.
type Kind string

// The kinds of servers.
const (
	S3    Kind = "s3"
	GCS   Kind = "gs"
	Azure Kind = "azblob"
)

// Kinds are all kinds of servers.
var Kinds = []Kind{S3, GCS, Azure}

// Server is a running object store.
type Server struct {
	Kind Kind
	Addr string // host and port
	data string // directory of the server's own
	log  *buffer
	stop context.CancelFunc
	done chan struct{} // closed when the process has ended
}

// running are the servers of this test binary.
var running struct {
	sync.Mutex
	servers map[Kind]*Server
}

// Start returns the server of a kind, the same one for all tests of a test binary. Its log is printed if the test fails.
//
// Without the program the test fails if LAKE_TOOLS says where it should be, and is skipped otherwise.
func Start(t testing.TB, kind Kind) *Server {
	t.Helper()
	program := programOf(t, kind)
	running.Lock()
	defer running.Unlock()
	s := running.servers[kind]
	if s == nil {
		var err error
		if s, err = start(kind, program); err != nil {
			t.Fatalf("start %s: %v", program, err)
		}
		if running.servers == nil {
			running.servers = map[Kind]*Server{}
		}
		running.servers[kind] = s
	}
	s.logIfFailed(t)
	return s
}

// Stop ends all servers and removes what they stored.
func Stop() {
	running.Lock()
	defer running.Unlock()
	for _, s := range running.servers {
		s.end()
	}
	running.servers = nil
}

// programOf returns the path of the program of a kind of server.
func programOf(t testing.TB, kind Kind) string {
	t.Helper()
	program := filepath.Join(Tools(), map[Kind]string{
		S3: "bin/versitygw", GCS: "bin/fake-gcs-server", Azure: "node_modules/azurite/dist/src/blob/main.js"}[kind])
	Need(t, program, "servers")
	return program
}

// start starts a server and waits until it takes connections. A port that was free may be taken by the time that the server
// wants it: then another is tried.
func start(kind Kind, program string) (s *Server, err error) {
	for range 5 {
		if s, err = startOnce(kind, program); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func startOnce(kind Kind, program string) (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	data, err := makeData(kind)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{Kind: kind, Addr: addr, data: data, log: new(buffer), stop: stop, done: make(chan struct{})}
	cmd := s.command(ctx, program)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err = s.run(cmd); err == nil {
		err = s.await(20 * time.Second)
	}
	if err != nil {
		s.end()
		return nil, fmt.Errorf("%w\n%s", err, s.log)
	}
	return s, nil
}

// makeData makes a directory for a server's data.
func makeData(kind Kind) (string, error) {
	data, err := os.MkdirTemp("", "mailerlake-"+string(kind)+"-")
	if err != nil {
		return "", err
	}
	return data, errors.Join(os.Mkdir(filepath.Join(data, "buckets"), 0o755), os.Mkdir(filepath.Join(data, "meta"), 0o755))
}

// command returns the command that serves on the server's address.
func (s *Server) command(ctx context.Context, program string) *exec.Cmd {
	host, port, _ := net.SplitHostPort(s.Addr) // freeAddr made it of these
	switch s.Kind {
	case S3: // its metadata go beside the buckets, as not every file system keeps extended attributes
		cmd := exec.CommandContext(ctx, program, "--port", s.Addr, "posix", "--sidecar", s.meta(), s.buckets())
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s3Key, "ROOT_SECRET_KEY="+s3Secret)
		return cmd
	case GCS: // a public host without a port matches requests that come through a proxy as well
		return exec.CommandContext(ctx, program, "-scheme", "http", "-host", host, "-port", port, "-backend", "memory",
			"-public-host", host, "-log-level", "warn")
	default:
		return exec.CommandContext(ctx, "node", program, "--blobHost", host, "--blobPort", port, "--location", s.data,
			"--silent", "--disableTelemetry", "--skipApiVersionCheck")
	}
}

// buckets and meta return the directories with the S3 server's buckets, and with what it knows of their objects.
func (s *Server) buckets() string { return filepath.Join(s.data, "buckets") }
func (s *Server) meta() string    { return filepath.Join(s.data, "meta") }

// run starts the process. It ends with the context of the command, or with this process.
func (s *Server) run(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		defer close(s.done)
		defer tieToParent(cmd)()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // that it was killed is no news
		}
	}()
	return <-started
}

// await waits until the server answers.
func (s *Server) await(patience time.Duration) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.done:
			return errors.New("it ended at once")
		default:
		}
		if resp, err := http.Get("http://" + s.Addr + "/"); err == nil {
			return resp.Body.Close()
		}
	}
	return fmt.Errorf("it does not answer on %s", s.Addr)
}

func (s *Server) end() {
	s.stop()
	<-s.done
	os.RemoveAll(s.data)
}

func (s *Server) logIfFailed(t testing.TB) {
	from := s.log.Len()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the %s server:\n%s", s.Kind, s.log.since(from))
		}
	})
}

// freeAddr returns an address on loopback whose port is free.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// buffer keeps what a process prints.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string { return b.since(0) }

func (b *buffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Len()
}

// since returns the end of the log from an offset, at most 4 KiB.
func (b *buffer) since(from int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.b.Bytes()[from:]
	return string(log[max(0, len(log)-4<<10):])
}
