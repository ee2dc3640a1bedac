package merge_test

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"sync/atomic"
	"testing"

	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
)

var errFault = errors.New("fault")

// countdown fails, once, when it has been asked for so often. Columns are read and written side by side.
type countdown struct{ left atomic.Int64 }

func (c *countdown) err() error {
	if c.left.Add(-1) == -1 {
		return errFault
	}
	return nil
}

// failFile is a stored part of which one reading fails.
type failFile struct {
	disktest.File
	reads *countdown
}

func (f *failFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.reads.err(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// failPart is a part being written, of which one writing, or the closing, fails.
type failPart struct {
	file
	steps  *countdown
	closed *int
}

func (f *failPart) Write(p []byte) (int, error) {
	if err := f.steps.err(); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}

func (f *failPart) Close() error {
	*f.closed++
	return f.steps.err()
}

// changes returns a table of many changes: rows that are new, changed, gone, that stay unproven, and that keep what they lack.
func changes(t *testing.T) (*lake, *merge.Table) {
	t.Helper()
	l := lakeOf(t, numbered(20)...)
	records := numbered(30)
	records[3] = thing("13", "obj", nil)
	records[5], records[9] = thing("15", "name", "other"), thing("19", "name", "other") // 18 lies beside it
	m := l.things(t, append(records[:7:7], records[9:]...)...)
	m.Parents = walks{"17": merge.Read, "18": merge.Unknown}
	m.ParentColumns = []string{"id"}
	return l, m
}

// TestReadFails: a stored part that cannot be read fails whatever reads it, at any of its reads.
func TestReadFails(t *testing.T) {
	l, m := changes(t)
	plan := planned(t, m)
	reads := &countdown{}
	m.Open = func(ctx context.Context, i int) (*part.Reader, error) {
		f := &failFile{disktest.File{Data: l.files[l.parts[i].Path].Buffer.Bytes()}, reads}
		return part.Open(ctx, f, &l.parts[i], l.columns, l.order)
	}
	ctx := context.Background()
	for what, do := range map[string]func() error{
		"plan": func() error { _, err := m.Plan(ctx, true); return err },
		"keys": func() error { _, err := m.PlanKeys(ctx); return err },
		"write": func() error {
			_, err := m.Write(ctx, plan, func(string) (merge.File, error) { return &file{}, nil }, nil, "", time0)
			return err
		},
	} {
		n := 0
		for ; ; n++ {
			reads.left.Store(int64(n))
			if err := do(); err == nil && reads.left.Load() >= 0 {
				break
			} else if !errors.Is(err, errFault) {
				t.Fatalf("%s: read %d fails: got %v", what, n, err)
			}
		}
		if n < 10 {
			t.Errorf("%s reads %d times", what, n)
		}
	}
}

// TestWriteFails: a part that cannot be made, written or closed fails the whole.
func TestWriteFails(t *testing.T) {
	_, m := changes(t)
	steps, made, closed := &countdown{}, 0, 0
	create := func(string) (merge.File, error) { made++; return &failPart{steps: steps, closed: &closed}, steps.err() }
	for n := 0; ; n++ {
		made, closed = 0, 0
		steps.left.Store(int64(n))
		parts, err := m.Write(context.Background(), planned(t, m), create, nil, "", time0)
		if steps.left.Load() >= 0 && err == nil && n > 5 {
			if made != len(parts) || closed != made {
				t.Errorf("%d parts were made, %d closed, %d told of", made, closed, len(parts))
			}
			break
		}
		if !errors.Is(err, errFault) || parts != nil {
			t.Fatalf("step %d fails: got %v", n, err)
		}
	}
}

// TestExtractFull: rows for which there is no room are not taken for extracted, the first of many no less than the last.
func TestExtractFull(t *testing.T) {
	things, loose := catalog.Lookup("thing"), catalog.Lookup("loose")
	for _, n := range []int{1, 1500} {
		var rows []any
		for i := range n {
			rows = append(rows, object{"id": strconv.Itoa(i)})
		}
		log := newLog(t, things)
		appendPage(t, log, things, []any{thing("1", "loose", rows)})
		file := &disktest.File{}
		own, err := pagelog.NewStore(oneFS{memFS{}, file}, "scan", "sorted").Create(pagelog.Header{Table: "loose"}, pagelog.ShapeOf(loose))
		if err != nil {
			t.Fatal(err)
		}
		file.Full = true
		if err := merge.Extract(context.Background(), own, log, loose, merge.GoneParents{}); !errors.Is(err, disktest.ErrFull) {
			t.Errorf("%d rows: got %v", n, err)
		}
	}
}

// TestLogDamaged: a page log that cannot be read is no log without rows.
func TestLogDamaged(t *testing.T) {
	things := catalog.Lookup("thing")
	for _, name := range []string{"thing", "kid", "loose", "tag"} {
		data := &disktest.File{}
		log, err := pagelog.NewStore(oneFS{memFS{}, data}, "scan", "sorted").Create(pagelog.Header{Table: "thing"}, pagelog.ShapeOf(things))
		if err != nil {
			t.Fatal(err)
		}
		table := catalog.Lookup(name)
		var offsets []int
		for n := 3; n >= 0; n-- {
			offsets = append(offsets, len(data.Data))
			id := strconv.Itoa(10 + 2*n)
			rows := []any{object{"id": id, "size": n}}
			appendPage(t, log, things, []any{thing(strconv.Itoa(11 + 2*n)), thing(id, "kids", rows, "loose", rows, "fields", object{"f": n})})
		}
		m := (&lake{}).table(table, log, small)
		if name == "loose" {
			m.Log, m.Nested = newLog(t, table), false
		}
		ctx := context.Background()
		reads := map[string]func() (any, error){
			"plan":  func() (any, error) { return m.Plan(ctx, true) },
			"count": func() (any, error) { return m.Plan(ctx, false) },
			"keys":  func() (any, error) { return m.PlanKeys(ctx) },
			"standing": func() (any, error) {
				return merge.InRows(log, table, 1, true, merge.GoneParents{}).Standing(ctx, schema.Key{"17"})
			},
		}
		if name == "loose" {
			reads["extract"] = func() (any, error) {
				own := newLog(t, table)
				err := merge.Extract(ctx, own, log, table, merge.GoneParents{})
				return own.Stats(), err
			}
		}
		want, failed := map[string]any{}, 0
		for what, read := range reads {
			if want[what], err = read(); err != nil {
				t.Fatal(what, err)
			}
		}
		for i, from := range offsets {
			end := len(data.Data)
			if i+1 < len(offsets) {
				end = offsets[i+1]
			}
			for at := from; at < end; at += 7 {
				data.Data[at] ^= 0x55
				for what, read := range reads {
					if got, err := read(); err != nil {
						failed++
					} else if !reflect.DeepEqual(got, want[what]) {
						t.Errorf("%s of %s: byte %d of page %d is damaged: got %+v, want %+v", what, name, at-from, i, got, want[what])
					}
				}
				data.Data[at] ^= 0x55
			}
		}
		if failed < 20 {
			t.Errorf("%s: %d times an error", name, failed)
		}
	}
}

// TestLogReadFails: a page log that cannot be read fails the whole, also where the parts that have not changed are passed
// over.
func TestLogReadFails(t *testing.T) {
	l, reads, things := &lake{}, &countdown{}, catalog.Lookup("thing")
	reads.left.Store(1 << 30)
	var m *merge.Table
	var plan *merge.Plan
	for _, name := range []string{"a", "other"} {
		log, err := pagelog.NewStore(oneFS{memFS{}, &failFile{reads: reads}}, "scan", "sorted").Create(pagelog.Header{Table: "thing"}, pagelog.ShapeOf(things))
		if err != nil {
			t.Fatal(err)
		}
		for top := 3000; top > 0; top -= 1000 {
			var page []any
			for i := range 1000 {
				page = append(page, object{"id": strconv.Itoa(10_000 + top - i), "name": map[bool]string{true: name}[i == 0 && top != 2000]})
			}
			appendPage(t, log, things, page)
		}
		m = l.table(things, log, part.Sizes{Group: 500, Part: 1000})
		all := (&lake{}).table(things, log, part.Sizes{Group: 1500, Part: 3000}) // several pages at a time
		for n := range 3 {
			reads.left.Store(int64(n))
			if p, err := all.Plan(context.Background(), true); !errors.Is(err, errFault) {
				t.Errorf("read %d of a new table fails: got %+v, %v", n, p, err)
			}
		}
		reads.left.Store(1 << 30)
		if plan = planned(t, m); name == "a" {
			l.write(t, m, plan, 1)
		}
	}
	if plan.PartsWritten != 2 || plan.PartsTotal != 3 {
		t.Fatalf("got %+v", plan)
	}
	n := 0
	for ; ; n++ {
		reads.left.Store(int64(n))
		_, err := m.Write(context.Background(), plan, func(string) (merge.File, error) { return &file{}, nil }, nil, "", time0)
		if err == nil && reads.left.Load() >= 0 {
			break
		} else if !errors.Is(err, errFault) {
			t.Fatalf("read %d fails: got %v", n, err)
		}
	}
	if n < 3 {
		t.Errorf("%d reads", n)
	}
}

// oneFS makes one file.
type oneFS struct {
	disk.FS
	file disk.File
}

func (f oneFS) Create(string, disk.Access) (disk.File, error) { return f.file, nil }
