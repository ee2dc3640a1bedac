package publish_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mailerlake/export/publish"
)

// TestPublish brings a destination from every snapshot, and from none, to every later one.
func TestPublish(t *testing.T) {
	for from := range 4 {
		for to := from + 1; to <= 4; to++ {
			m := &memory{}
			before := objects{}
			if from > 0 {
				mustPublish(t, datasetAt(t, from), m)
				before = m.content()
			}
			dir := datasetAt(t, to)
			r := mustPublish(t, dir, m)
			want := treeOf(t, dir)
			same(t, m, want)
			changed, gone := differences(before, want)
			if r.Uploaded.Objects != changed || r.Deleted != gone || r.Before != int64(from) || r.Snapshot != int64(to) || r.Current {
				t.Errorf("%d to %d: got %+v, want %d uploaded and %d deleted", from, to, r, changed, gone)
			}
			if r := mustPublish(t, dir, m); !r.Current || r.Requests > 2 {
				t.Errorf("again: got %+v, want nothing to do in 2 requests", r)
			}
		}
	}
}

// differences counts the objects but for the manifest that differ or are new, and those that are gone.
func differences(before, after objects) (changed, gone int) {
	for key, data := range after {
		if before[key] != data && key != "manifest.json" {
			changed++
		}
	}
	for key := range before {
		if _, stays := after[key]; !stays {
			gone++
		}
	}
	return changed, gone
}

// TestOrder checks that files come in the order of a commit: part-00000 of each table before the other parts, change files
// after them, then the manifest; and that the journal is there before and goes afterwards.
func TestOrder(t *testing.T) {
	m := &memory{}
	mustPublish(t, datasetAt(t, 1), m)
	c := connect(m)
	if _, err := publishing(t.Context(), datasetAt(t, 2), c); err != nil {
		t.Fatal(err)
	}
	n := len(c.ops)
	if got := c.ops[n-2:]; got[0] != "PUT manifest.json" || got[1] != "DELETE publishing.json" {
		t.Errorf("got %q at the end, want the manifest, then the journal", got)
	}
	first := regexp.MustCompile(`^PUT [a-z_]+/part-00000\.parquet$`)
	other := regexp.MustCompile(`^PUT [a-z_]+/part-`)
	changes := regexp.MustCompile(`^PUT _changes/`)
	order := map[*regexp.Regexp]int{first: -1, other: -1, changes: -1} // the last of each
	for i, op := range c.ops {
		switch {
		case first.MatchString(op) && max(order[other], order[changes]) >= 0, other.MatchString(op) && order[changes] >= 0:
			t.Errorf("%s comes too late", op)
		case first.MatchString(op):
			order[first] = i
		case other.MatchString(op):
			order[other] = i
		case changes.MatchString(op):
			order[changes] = i
		}
	}
	if min(order[first], order[other], order[changes]) < 0 {
		t.Errorf("got %q, want all kinds of files", c.ops)
	}
	if got := c.ops[:5]; got[2] != "PUT publishing.json" || got[4] != "LIST " {
		t.Errorf("got %q at the beginning, want the journal before the objects are listed", got)
	}
}

// TestMend checks that what somebody else damaged is mended: at once if the size tells, else with Repair.
func TestMend(t *testing.T) {
	for _, summed := range []bool{true, false} {
		m := &memory{summed: summed}
		dir := datasetAt(t, 1)
		mustPublish(t, dir, m)
		want := treeOf(t, dir)
		m.set("subscriber/part-00000.parquet", "short")
		m.remove("subscriber/part-00001.parquet")
		data := []byte(want["group/part-00000.parquet"])
		data[len(data)/2]++
		m.set("group/part-00000.parquet", string(data))
		if r := mustPublish(t, dir, m); !r.Current {
			t.Errorf("got %+v, want nothing to do: the manifest is right", r)
		}
		if r := mustPublish(t, dir, m, repair); r.Uploaded.Objects != 3 {
			t.Errorf("got %+v, want 3 objects", r)
		}
		same(t, m, want)
	}
}

// TestProgress checks that what is reported adds up.
func TestProgress(t *testing.T) {
	var last publish.Progress
	steps := make(chan publish.Progress, 10000)
	r := mustPublish(t, datasetAt(t, 1), &memory{}, func(o *publish.Options) { o.OnProgress = func(p publish.Progress) { steps <- p } })
	close(steps)
	for last = range steps {
	}
	if last.Done != r.Uploaded || last.Of != r.Uploaded || r.Uploaded.Bytes == 0 {
		t.Errorf("got %+v at the end, uploaded %+v", last, r.Uploaded)
	}
}

// TestStrayDataFiles has a publisher leave data files that no log names, as one does that wakes up after another has taken
// over. The next publish with something to do removes them, and keeps the files of earlier versions.
func TestStrayDataFiles(t *testing.T) {
	m := &memory{}
	retain := func(o *publish.Options) { o.Retain = time.Hour }
	mustPublish(t, datasetAt(t, 1), m, inFormat(publish.Delta), retain)
	mustPublish(t, datasetAt(t, 2), m, retain)
	earlier := m.content()
	stray := "subscriber/part-00000-00000099-0123abcd.parquet"
	m.set(stray, "left")
	m.set("subscriber/notes.txt", "somebody's")
	mustPublish(t, datasetAt(t, 3), m, retain)
	now := m.content()
	if _, there := now[stray]; there {
		t.Error("the data file that no log names is still there")
	}
	for key := range earlier {
		if _, there := now[key]; !there && strings.HasPrefix(key, "subscriber/") {
			t.Errorf("%s went", key)
		}
	}
	if now["subscriber/notes.txt"] == "" {
		t.Error("a file of somebody else went")
	}
	holds(t, m, datasetAt(t, 3))
}
