package pagelog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// check compares a log with the model.
func (m *model) check(t *testing.T, l *pagelog.Log) {
	t.Helper()
	if size := m.sizes[len(m.sizes)-1]; l.Size() != size {
		t.Fatalf("size is %d, want %d", l.Size(), size)
	}
	checkRows(t, l, m.pages)
	var unfinished []string
	for name := range 9 {
		name := string(rune('a' + name))
		want := m.walk(name)
		if d := cmp.Diff(want, l.Walk(name)); d != "" {
			t.Fatalf("walk %s (-want +got):\n%s", name, d)
		}
		if want.Begun && !want.Ended {
			unfinished = append(unfinished, name)
		}
	}
	if got := l.Unfinished(); !slices.Equal(got, unfinished) {
		t.Fatalf("unfinished are %v, want %v", got, unfinished)
	}
	m.checkStats(t, l)
}

func (m *model) checkStats(t *testing.T, l *pagelog.Log) {
	t.Helper()
	want := pagelog.Stats{Absent: make([]int64, 64)}
	for _, page := range m.pages {
		if page == nil {
			continue
		}
		want.Pages++
		want.Rows += int64(page.Rows.Rows)
		want.Dropped += int64(page.Dropped)
		for _, bits := range page.Absent {
			for b := range want.Absent {
				want.Absent[b] += int64(bits >> b & 1)
			}
		}
	}
	if d := cmp.Diff(want, l.Stats()); d != "" {
		t.Fatal(d)
	}
}

// walk plays the marks of a walk through.
func (m *model) walk(name string) (w pagelog.Walk) {
	forgotten := false
	for i, mark := range m.marks {
		if mark.Walk != name {
			continue
		}
		if forgotten && !mark.End {
			w = pagelog.Walk{} // it begins once more
		}
		w.Begun, w.Cursor, w.Ended = true, mark.Cursor, mark.End
		if page := m.pages[i]; page != nil && page.Rows.Rows > 0 {
			w.Rows += int64(page.Rows.Rows)
			if w.Top == nil {
				w.Top = page.Rows.Keys(logShape.Order).At(page.Rows.Rows - 1)
			}
		}
		if forgotten = mark.Parent && mark.End; forgotten {
			w = pagelog.Walk{Begun: true, Ended: true}
		}
	}
	return w
}

// TestConcurrentAppend: walks that run side by side lose nothing.
func TestConcurrentAppend(t *testing.T) {
	pagelog.SetSegmentRows(t, 50)
	s := diskStore(t)
	l, err := s.Create(logHeader, logShape)
	if err != nil {
		t.Fatal(err)
	}
	const walks, steps = 8, 30
	pages := make([][]*schema.Page, walks)
	var wg sync.WaitGroup
	for w := range walks {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 8))
			name := fmt.Sprint("walk ", w)
			for i := range steps {
				page := logPage(r, fmt.Sprint(1000*w+2*i), fmt.Sprint(1000*w+2*i+1))
				pages[w] = append(pages[w], page)
				mark := pagelog.Mark{Walk: name, Parent: w%2 == 0, Cursor: fmt.Sprint(i), End: i == steps-1}
				if err := l.Append(page, mark); err != nil {
					t.Error(err)
				}
				if walk := l.Walk(name); !mark.End && (walk.Cursor != mark.Cursor || walk.Rows != int64(2*i+2)) {
					t.Errorf("%s: %+v after %+v", name, walk, mark)
				}
				l.Stats()
				l.Sample(3, nil)
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := s.Open(t.Context(), logHeader.Table, logShape)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if d := cmp.Diff(facts(l), facts(again)); d != "" {
		t.Errorf("(-appended +opened):\n%s", d)
	}
	wg = sync.WaitGroup{}
	for range 3 { // and readers do not disturb each other
		wg.Go(func() { checkRows(t, again, slices.Concat(pages...)) })
	}
	wg.Wait()
}

// TestSample: keys come from the newest pages, but not of walks that are left out, however many pages these have.
func TestSample(t *testing.T) {
	l, file := createLog(t)
	r := rand.New(rand.NewPCG(1, 9))
	for i := range 100 {
		walk := "main"
		if i >= 50 {
			walk = "asked"
		}
		if err := l.Append(logPage(r, fmt.Sprint(100+i), fmt.Sprint(300+i)), pagelog.Mark{Walk: walk}); err != nil {
			t.Fatal(err)
		}
	}
	again, _, err := openLog(file.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*pagelog.Log{l, again} {
		got := []any{l.Sample(3, func(walk string) bool { return walk == "asked" }), l.Sample(2, nil), l.Sample(0, nil)}
		want := []any{[]schema.Key{{"149"}, {"349"}, {"148"}}, []schema.Key{{"199"}, {"399"}}, []schema.Key(nil)}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if all := l.Sample(1000, nil); len(all) < 10 || len(all) > 100 {
			t.Errorf("%d keys are known", len(all))
		}
	}
	if err := l.Append(logPage(r, "500"), pagelog.Mark{Walk: "main"}); err != nil {
		t.Fatal(err)
	}
	if got := l.Sample(2, nil); !cmp.Equal(got, []schema.Key{{"500"}, {"199"}}) {
		t.Errorf("a page of one row: %v", got)
	}
}
