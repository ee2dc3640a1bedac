package pagelog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// overlappingPages are pages that all overlap, with keys that come in several.
func overlappingPages(pages int) []*schema.Page {
	r := rand.New(rand.NewPCG(uint64(pages), 10))
	var all []*schema.Page
	for range pages {
		keys := map[string]bool{"0001": true, "9999": true}
		for range r.IntN(20) {
			keys[fmt.Sprintf("%04d", r.IntN(1000))] = true
		}
		all = append(all, logPage(r, sortedKeys(keys)...))
	}
	return all
}

func appendOverlapping(l *pagelog.Log, pages int) error {
	for _, page := range overlappingPages(pages) {
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			return err
		}
	}
	return nil
}

// sortedStore is a store on disk where each page is a segment, and its directory.
func sortedStore(t *testing.T) (*pagelog.Store, string) {
	pagelog.SetSegmentRows(t, 0)
	dir := t.TempDir()
	return pagelog.NewStore(disk.OS(false), filepath.Join(dir, "scan"), filepath.Join(dir, "sorted")), dir
}

func TestSortedKeepsTheRows(t *testing.T) {
	for _, pages := range []int{0, 1, pagelog.MaxStreams, 3 * pagelog.MaxStreams, pagelog.MaxStreams*pagelog.MaxStreams + 1} {
		if raced && pages > 1000 {
			continue
		}
		s, dir := sortedStore(t)
		l, err := s.Create(logHeader, logShape)
		if err == nil {
			err = appendOverlapping(l, pages)
		}
		if err != nil {
			t.Fatal(err)
		}
		pagelog.SetMaxHashes(t, 20_000)
		if n, err := l.Count(t.Context()); err != nil || n != int64(len(latestOf(overlappingPages(pages)))) {
			t.Errorf("%d pages: counted %d, %v", pages, n, err)
		}
		sorted, err := s.Sorted(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if (sorted == l) != (pages <= pagelog.MaxStreams) || sorted.Streams() > pagelog.MaxStreams {
			t.Errorf("%d pages: %d sorted streams are left; a copy is %t", pages, sorted.Streams(), sorted != l)
		}
		checkRows(t, sorted, overlappingPages(pages))
		if d := cmp.Diff(l.Paths(), sorted.Paths()); d != "" {
			t.Errorf("%d pages: paths differ:\n%s", pages, d)
		}
		if again, err := s.Sorted(t.Context(), l); err != nil || again != sorted {
			t.Errorf("%d pages: another copy, %v", pages, err)
		}
		files, _ := os.ReadDir(filepath.Join(dir, "sorted"))
		if copies := len(files); (copies == 1) != (sorted != l) {
			t.Errorf("%d pages: %d copies on disk", pages, copies)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := s.DropScratch(); err != nil {
			t.Error(err)
		}
		checkOpenFiles(t, dir)
		if _, err := os.Stat(filepath.Join(dir, "sorted")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("scratch is still there: %v", err)
		}
	}
}

// TestSortedAgain: a log that has grown is sorted again, and the earlier copy is closed.
func TestSortedAgain(t *testing.T) {
	s, dir := sortedStore(t)
	l, err := s.Create(logHeader, logShape)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pages := overlappingPages(2 * pagelog.MaxStreams)
	for i, page := range pages {
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
		if i%40 == 0 || i == len(pages)-1 {
			sorted, err := s.Sorted(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			checkRows(t, sorted, pages[:i+1])
			if files, _ := os.ReadDir(filepath.Join(dir, "sorted")); len(files) > 1 {
				t.Errorf("%d copies on disk", len(files))
			}
		}
	}
	other := createFor(t, s, "group")
	if sorted, err := s.Sorted(t.Context(), other); err != nil || sorted != other {
		t.Errorf("another table: %v", err)
	}
	other.Close()
	if err := s.DropScratch(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkOpenFiles(t, dir)
}

// TestSortedTwins: logs that have one header do not disturb each other's copies, and a copy outlives its log.
func TestSortedTwins(t *testing.T) {
	s, dir := sortedStore(t)
	pages := overlappingPages(2 * pagelog.MaxStreams)
	var copies []*pagelog.Log
	for range 3 {
		l, err := s.Scratch(logHeader, logShape)
		if err == nil {
			err = appendOverlapping(l, len(pages))
		}
		if err != nil {
			t.Fatal(err)
		}
		sorted, err := s.Sorted(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if err := sorted.Close(); err != nil {
			t.Fatal(err)
		}
		if sorted, err = s.Sorted(t.Context(), l); err != nil { // a closed copy is of no use
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, sorted)
	}
	for _, sorted := range copies {
		checkRows(t, sorted, pages)
	}
	if files, _ := os.ReadDir(filepath.Join(dir, "sorted")); len(files) != len(copies) {
		t.Errorf("%d files for %d copies", len(files), len(copies))
	}
	if err := s.DropScratch(); err != nil {
		t.Fatal(err)
	}
	checkOpenFiles(t, dir)
}

// TestSortedCancelled: a run that ends in the middle leaves no copy.
func TestSortedCancelled(t *testing.T) {
	s, dir := sortedStore(t)
	l, err := s.Create(logHeader, logShape)
	if err == nil {
		err = appendOverlapping(l, 3*pagelog.MaxStreams)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sorted(ctx, l); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	l.Close()
	checkOpenFiles(t, dir)
	if files, _ := os.ReadDir(filepath.Join(dir, "sorted")); len(files) > 0 {
		t.Errorf("left are %v", files)
	}
}

// TestScratch: logs of one table do not get in each other's way, and a closed one is gone.
func TestScratch(t *testing.T) {
	s, dir := sortedStore(t)
	a, errA := s.Scratch(logHeader, logShape)
	b, errB := s.Scratch(logHeader, logShape)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	pages := overlappingPages(20)
	for i, page := range pages {
		l := []*pagelog.Log{a, b}[i%2]
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	for n, l := range []*pagelog.Log{a, b} {
		var own []*schema.Page
		for i := n; i < len(pages); i += 2 {
			own = append(own, pages[i])
		}
		checkRows(t, l, own)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(filepath.Join(dir, "sorted"))
	if len(files) != 1 || !strings.HasPrefix(files[0].Name(), "subscriber.") {
		t.Errorf("left are %v", files)
	}
	if tables, err := s.Tables(); err != nil || tables != nil {
		t.Errorf("tables are %v, %v", tables, err)
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	checkOpenFiles(t, dir)
}
