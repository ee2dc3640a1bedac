package dataset_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// readFS counts the bytes that are read.
type readFS struct {
	disk.FS
	bytes *atomic.Int64
}

type readFile struct {
	disk.File
	bytes *atomic.Int64
}

func (f readFS) Open(name string) (disk.File, error) {
	file, err := f.FS.Open(name)
	return readFile{file, f.bytes}, err
}

func (f readFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.bytes.Add(int64(n))
	return n, err
}

// parquetWorld is a dataset of one part that is a Parquet file.
func parquetWorld(t *testing.T, dir string, rows int) (name string) {
	t.Helper()
	w := oldWorld()
	w.manifest.Tables, w.files = nil, tree{}
	w.part("group", 0, "", "old")
	state := w.manifest.Table("group")
	batch := &schema.Batch{Columns: state.Columns, Rows: rows, Vectors: []*schema.Vector{schema.NewVector(schema.String), nil}}
	for i := range rows {
		batch.Vectors[0].AppendText(fmt.Appendf(nil, "%d", 1000000+i))
	}
	var out bytes.Buffer
	pw := part.NewWriter(&out, "group", state.Columns, state.RowOrder(), "test 1", part.DefaultSizes)
	if err := pw.Write(part.Rows{Batch: batch, To: rows}); err != nil {
		t.Fatal(err)
	}
	p, err := pw.Close()
	if err != nil {
		t.Fatal(err)
	}
	p.ChangedIn = 1
	p.Path, p.Bytes, p.SHA256 = state.Parts[0].Path, int64(out.Len()), fmt.Sprintf("%x", sha256.Sum256(out.Bytes()))
	state.Parts[0], state.Rows = p, p.Rows
	w.files[p.Path] = out.String()
	w.stored(t).write(t, dir)
	return filepath.Join(dir, filepath.FromSlash(p.Path))
}

// TestOpenPartChecksOnce: the whole file is read when it is first opened, and again only if it may be another.
func TestOpenPartChecksOnce(t *testing.T) {
	dir := t.TempDir()
	name := parquetWorld(t, dir, 100000)
	var read atomic.Int64
	d, err := dataset.Open(readFS{disk.OS(false), &read}, dir)
	if err != nil {
		t.Fatal(err)
	}
	state := d.Manifest.Table("group")
	size := state.Parts[0].Bytes
	open := func(whole bool) {
		t.Helper()
		read.Store(0)
		r, err := d.OpenPart(context.Background(), state, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := read.Load(); (got >= size) != whole {
			t.Errorf("%d bytes of %d are read, whole %t", got, size, whole)
		}
		if keys, err := r.Keys(1); err != nil || keys.Len() != 100000-65536 {
			t.Errorf("keys: %v", err)
		}
		r.Close()
	}
	open(true)
	open(false)
	if err := os.Chtimes(name, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	open(true)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(name+".new", data, 0o644), os.Rename(name+".new", name)); err != nil {
		t.Fatal(err)
	}
	open(true)
	open(false)
	data[5] ^= 1
	if err := errors.Join(os.WriteFile(name+".new", data, 0o644), os.Rename(name+".new", name)); err != nil {
		t.Fatal(err)
	}
	var other *part.FileError
	if _, err := d.OpenPart(context.Background(), state, 0); !errors.As(err, &other) {
		t.Errorf("error = %v, want a FileError", err)
	}
	state.Parts[0].SHA256 = fmt.Sprintf("%x", sha256.Sum256(data)) // as after a commit of other bytes
	open(true)
}

func TestOpenPartRefused(t *testing.T) {
	dir := t.TempDir()
	name := parquetWorld(t, dir, 10)
	d := open(t, dir)
	state := d.Manifest.Table("group")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.OpenPart(ctx, state, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	other := state.Clone()
	other.Columns[1].Path = "b.n"
	if _, err := d.OpenPart(context.Background(), &other, 0); err == nil {
		t.Error("a part of another column is opened")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenPart(context.Background(), state, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want fs.ErrNotExist", err)
	}
}
