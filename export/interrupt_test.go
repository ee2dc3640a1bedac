package export_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"mailerlake/export"
	"mailerlake/export/disk"
)

// countdown is a file system that cancels a run after so many operations and counts those that follow.
type countdown struct {
	fastFS
	mu     *sync.Mutex
	left   *int
	after  *[]string
	cancel func()
}

func newCountdown(n int, cancel func()) countdown {
	return countdown{fastFS{disk.OS(false)}, &sync.Mutex{}, &n, &[]string{}, cancel}
}

func (c countdown) pass(op, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch *c.left--; {
	case *c.left == 0:
		c.cancel()
	case *c.left < 0:
		*c.after = append(*c.after, op+" "+name)
	}
}

func (c countdown) Create(name string, access disk.Access) (disk.File, error) {
	c.pass("create", name)
	f, err := c.fastFS.Create(name, access)
	return c.file(f, name), err
}

func (c countdown) OpenAppend(name string, access disk.Access) (disk.File, error) {
	c.pass("open", name)
	f, err := c.fastFS.OpenAppend(name, access)
	return c.file(f, name), err
}

func (c countdown) Open(name string) (disk.File, error) {
	c.pass("open", name)
	f, err := c.fastFS.Open(name)
	if err != nil {
		return nil, err
	}
	return c.file(f, name), nil
}

func (c countdown) Rename(from, to string) error {
	c.pass("rename", to)
	return c.fastFS.Rename(from, to)
}

func (c countdown) ReadDir(name string) ([]fs.DirEntry, error) {
	c.pass("list", name)
	return c.fastFS.ReadDir(name)
}

func (c countdown) file(f disk.File, name string) disk.File {
	if f == nil {
		return nil
	}
	return countedFile{f, c, name}
}

type countedFile struct {
	disk.File
	c    countdown
	name string
}

func (f countedFile) ReadAt(p []byte, off int64) (int, error) {
	f.c.pass("read", f.name)
	return f.File.ReadAt(p, off)
}

func (f countedFile) Read(p []byte) (int, error) {
	f.c.pass("read", f.name)
	return f.File.Read(p)
}

func (f countedFile) Write(p []byte) (int, error) {
	f.c.pass("write", f.name)
	return f.File.Write(p)
}

// TestInterruptAnywhere interrupts a run after each number of file operations. It ends within a few more, unless it is
// past its point of commit, and the next run finishes what was left.
func TestInterruptAnywhere(t *testing.T) {
	t.Parallel()
	const enough = 60 // operations: far less than a second's worth
	s := newScene(t)
	for name, do := range map[string]doRun{"export": export.Export, "plan": export.Plan, "verify": verifyRun} {
		total := newCountdown(1<<30, func() {})
		if _, err := s.place(t).runIn(t, t.Context(), total, do); err != nil {
			t.Fatal(err)
		}
		ops := 1<<30 - *total.left
		for n := 1; n < ops; n += stride(ops, 4) {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := newCountdown(n, cancel)
				w := s.place(t)
				_, err := w.runIn(t, ctx, c, do)
				committed := strings.Contains(fmt.Sprint(*c.after), "journal.json") || err == nil
				if !committed && !errors.Is(err, context.Canceled) {
					t.Fatalf("got error %v", err)
				}
				if len(*c.after) > enough && !committed {
					t.Errorf("%d operations after the interrupt: %q", len(*c.after), (*c.after)[:10])
				}
				w.recover(t)
			})
		}
	}
}

// verifyRun verifies a dataset as a run.
func verifyRun(ctx context.Context, o export.Options) (*export.Report, error) {
	_, err := export.Verify(ctx, o.FS, o.Dir, core())
	return nil, err
}
