package stores

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mailerlake/export/publish/store"
	"mailerlake/testdata/lake/servers"
)

// The files of TestMemory, and the memory that uploading them may take.
const (
	files, fileBytes, uploads = 40, 20 << 20, 8
	peak                      = 100 << 10 // KiB
	filesVariable             = "LAKE_TEST_FILES"
	bucketVariable            = "LAKE_TEST_BUCKET"
)

// TestMemory uploads files from a process of its own, whose memory is read at its end.
func TestMemory(t *testing.T) {
	if dir := os.Getenv(filesVariable); dir != "" {
		upload(t, dir, os.Getenv(bucketVariable))
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not tell the memory of a process in /proc")
	}
	dir := t.TempDir()
	for i := range files {
		data := make([]byte, fileBytes)
		rand.NewChaCha8([32]byte{byte(i)}).Read(data)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eachKind(t, func(t *testing.T, server *servers.Server) {
		bucket := server.Bucket(t)
		c := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v")
		c.Env = append(append(os.Environ(), bucket.Env(server.Addr)...), filesVariable+"="+dir, bucketVariable+"="+bucket.URL(server.Addr))
		out, err := c.CombinedOutput()
		var kib int
		if _, rest, found := strings.Cut(string(out), "VmHWM:"); found {
			_, _ = fmt.Sscan(rest, &kib)
		}
		t.Logf("peak %d MiB", kib>>10)
		if err != nil || kib == 0 || kib > peak {
			t.Errorf("%v, peak of %d KiB\n%s", err, kib, out)
		}
	})
}

func upload(t *testing.T, dir, location string) {
	s := open(t, location)
	names := make(chan string)
	var running sync.WaitGroup
	for range uploads {
		running.Go(func() {
			for name := range names {
				body := store.Body{Open: func() (io.ReadCloser, error) { return os.Open(name) }, Bytes: fileBytes}
				if _, err := s.Put(t.Context(), filepath.Base(name), body, store.IfAbsent()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range files {
		names <- filepath.Join(dir, fmt.Sprint(i))
	}
	close(names)
	running.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(status))
}
