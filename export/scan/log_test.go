package scan

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// TestOpenLog cuts a scan off and begins another: it resumes the log or says why not.
func TestOpenLog(t *testing.T) {
	old := func(w *world) { w.options.Now = func() time.Time { return day.Add(90 * time.Minute) } }
	for name, c := range map[string]struct {
		change func(w *world)
		says   string // begins with it
	}{
		"as it was":        {func(*world) {}, "resuming after 2 pages of the scan begun 2026-11-23T12:00:01Z"},
		"just in time":     {func(w *world) { old(w); w.options.ResumeWithin = 90*time.Minute - time.Second }, "resuming"},
		"restart":          {func(w *world) { w.options.Restart = true }, ""},
		"another account":  {func(w *world) { w.options.Account = "2" }, "starting over: the page log is of another account"},
		"committed since":  {func(w *world) { w.options.Base = func(*schema.Table) string { return "2026" } }, "starting over: the table was committed after its page log was begun"},
		"old":              {old, "starting over: the page log is older than 1h0m0s"},
		"of the future":    {func(w *world) { w.options.Now = func() time.Time { return day.Add(-60 * time.Second) } }, "starting over: the page log is from the future"},
		"a clock set back": {func(w *world) { w.options.Now = func() time.Time { return day.Add(-59 * time.Second) } }, "resuming"},
		"other parameters": {func(w *world) {
			w.options.Catalog, _ = schema.NewCatalog(thing(func(_ *schema.Table, l *schema.List) { l.Params = url.Values{"x": {"y"}} }))
			w.catalog = w.options.Catalog
		}, "starting over: the page log was scanned with other parameters, or by another version"},
	} {
		t.Run(name, func(t *testing.T) {
			cut := true
			w := newWorld(t, func(_ string, q url.Values) (int, string) {
				if cut && q.Get("cursor") == "at4" {
					return 401, missing
				}
				return page(q, ids(9, 8, 7, 6, 5, 4, 3)...)
			}, thing(nil))
			if err := w.scan(); !StopsRun(err) {
				t.Fatal(err)
			}
			cut = false
			c.change(w)
			r := w.mustScan("thing")
			resumed := strings.HasPrefix(c.says, "resuming")
			if said := w.said("thing"); !strings.HasPrefix(said, c.says) || c.says == "" && said != "" || r.Resumed != resumed {
				t.Errorf("it says %q; resumed %t", said, r.Resumed)
			}
			if got := strings.Join(keysIn(t, r.Log), " "); got != "3 4 5 6 7 8 9" || !r.Complete() {
				t.Errorf("keys %s, %+v", got, r.Outcome)
			}
			// Two pages were read; a walk over newer rows follows in any case.
			if want := map[bool]int{true: 3, false: 5}[resumed]; len(w.asked) != want {
				t.Errorf("%d requests, want %d: %q", len(w.asked), want, w.asked)
			}
		})
	}
}

// TestLogOfNothing: a log without a page is not worth a word.
func TestLogOfNothing(t *testing.T) {
	status := 401
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		if status == 200 {
			return page(q, ids(1)...)
		}
		return status, missing
	}, thing(nil))
	if err := w.scan(); err == nil {
		t.Fatal("no error")
	}
	status = 200
	if r := w.mustScan("thing"); r.Resumed || w.said("thing") != "" {
		t.Errorf("resumed %t, said %q", r.Resumed, w.said("thing"))
	}
}

// TestBrokenLog: a log that cannot be read is replaced.
func TestBrokenLog(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) { return page(q, ids(3, 2, 1)...) }, thing(nil))
	w.mustScan("thing")
	w.close()
	if err := os.WriteFile(w.dir+"/scan/"+w.logs.FileName("thing"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.mustScan("thing")
	if said := w.said("thing"); !strings.HasPrefix(said, "starting over: ") || !r.Complete() || r.Resumed {
		t.Errorf("said %q, %+v", said, r.Outcome)
	}
}

// TestUnreadableConclusion: a table is read again if the end of its log does not say what was concluded.
func TestUnreadableConclusion(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) { return page(q, ids(3, 2, 1)...) }, thing(nil))
	r := w.mustScan("thing")
	if err := r.Log.Conclude([]byte(`"complete"`)); err != nil {
		t.Fatal(err)
	}
	if _, why := CheckPlanned(r.Log, r.Table, "1", "", r.Log.Header.Started, r.Log.Stats().Pages); !strings.Contains(why, "read the end of the page log") {
		t.Errorf("planned: %q", why)
	}
	if r := w.mustScan("thing"); r.Resumed || !strings.Contains(w.said("thing"), "starting over: read the end of the page log") {
		t.Errorf("resumed %t, said %q", r.Resumed, w.said("thing"))
	}
}

// TestRefusedCursor: a log whose cursor the API does not take is dropped, and the list read from its beginning.
func TestRefusedCursor(t *testing.T) {
	for _, status := range []int{400, 422} {
		cut := 401
		w := newWorld(t, func(_ string, q url.Values) (int, string) {
			if q.Get("cursor") == "at2" && cut != 0 {
				defer func() { cut = map[int]int{401: status}[cut] }()
				return cut, missing
			}
			return page(q, ids(3, 2, 1)...)
		}, thing(nil))
		if err := w.scan(); err == nil {
			t.Fatal("no error")
		}
		r := w.mustScan("thing")
		if open := openFiles(t, w.dir); len(open) > 1 {
			t.Errorf("files open: %q", open)
		}
		if got := strings.Join(keysIn(t, r.Log), " "); r.Resumed || got != "1 2 3" || !strings.Contains(w.said("thing"), "does not accept the cursor") {
			t.Errorf("%d: resumed %t, keys %s, said %q", status, r.Resumed, got, w.said("thing"))
		}
	}
}

func TestCheckPlanned(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) { return page(q, ids(3, 2, 1)...) }, thing(nil))
	w.options.Base = func(*schema.Table) string { return "base" }
	r := w.mustScan("thing")
	began, pages := r.Log.Header.Started, r.Log.Stats().Pages
	other := thing(func(_ *schema.Table, l *schema.List) { l.Path = "/others" })
	for name, c := range map[string]struct {
		table         *schema.Table
		account, base string
		began         time.Time
		pages         int
		why           string
	}{
		"fits":            {r.Table, "1", "base", began, pages, ""},
		"in another zone": {r.Table, "1", "base", began.In(time.FixedZone("x", 3600)), pages, ""},
		"another time":    {r.Table, "1", "base", began.Add(1), pages, "its page logs are of another scan"},
		"more pages":      {r.Table, "1", "base", began, pages + 1, "its page logs are of another scan"},
		"fewer pages":     {r.Table, "1", "base", began, pages - 1, "its page logs are of another scan"},
		"account":         {r.Table, "2", "base", began, pages, "its page logs are not for this dataset and version"},
		"base":            {r.Table, "1", "", began, pages, "its page logs are not for this dataset and version"},
		"declaration":     {other, "1", "base", began, pages, "its page logs are not for this dataset and version"},
	} {
		o, why := CheckPlanned(r.Log, c.table, c.account, c.base, c.began, c.pages)
		if why != c.why || why == "" && !o.Ended.Equal(r.Ended) {
			t.Errorf("%s: %q, %+v", name, why, o)
		}
	}
	log, err := w.logs.Create(pagelog.Header{Account: "1", Table: "thing", Source: r.Table.Fingerprint(), Base: "base", Started: began}, pagelog.ShapeOf(r.Table))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, why := CheckPlanned(log, r.Table, "1", "base", began, 0); why != "its scan did not end" {
		t.Errorf("a log without an end: %q", why)
	}
}

// TestDoneOnceConcluded: a scan that is said to be done writes nothing more to its log.
func TestDoneOnceConcluded(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) { return page(q, ids(2, 1)...) }, thing(nil))
	done := false
	w.options.OnEvent = func(e Event) {
		if !e.Done {
			return
		}
		done = true
		if w.result(e.Table).Log.Conclusion() == nil {
			t.Error("done, and the log has no end yet")
		}
	}
	w.mustScan("thing")
	if !done {
		t.Error("never done")
	}
}

// TestProgress: rows are counted once, also those of a log that is resumed.
func TestProgress(t *testing.T) {
	cut := true
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		if cut && q.Get("cursor") == "at2" {
			return 401, missing
		}
		return page(q, ids(5, 4, 3, 2, 1)...)
	}, thing(nil))
	if err := w.scan(); err == nil {
		t.Fatal("no error")
	}
	cut = false
	w.mustScan("thing")
	last := w.events[len(w.events)-1]
	if last.Rows != 5 || last.Pages != 3 || !last.Done {
		t.Errorf("at the end %+v", last)
	}
	for _, e := range w.events[:len(w.events)-1] {
		if e.Done {
			t.Errorf("done before the end: %+v", e)
		}
	}
	p := pace{}
	p.add(1, 1, day)
	if p.add(1, 1, day.Add(syncEvery-1)) || !p.add(1, 1, day.Add(syncEvery)) || p.add(1, 1, day.Add(syncEvery+1)) {
		t.Error("a log is not due when it should be")
	}
}

// TestRowsReadTwice: at its end, a scan has counted rows that were read twice once.
func TestRowsReadTwice(t *testing.T) {
	for name, c := range map[string]struct {
		paging func(*schema.Table, *schema.List)
		answer func(n int, q url.Values) (int, string)
	}{
		"pages that overlap": {func(_ *schema.Table, l *schema.List) { l.Counts = []url.Values{nil} }, func(_ int, q url.Values) (int, string) {
			switch {
			case q.Get("limit") == "0":
				return 200, `{"total":3}`
			case q.Get("cursor") == "at2":
				return 200, `{"data":[{"id":"2"},{"id":"1"}],"meta":{"next_cursor":null}}`
			}
			return 200, `{"data":[{"id":"3"},{"id":"2"}],"meta":{"next_cursor":"at2"}}`
		}},
		"a list that is walked again": {func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }, func(n int, q url.Values) (int, string) {
			return numbered(q, 3, ids(3, 2, 1)[min(1, 2/n):]...)
		}},
	} {
		n := 0
		w := newWorld(t, func(_ string, q url.Values) (int, string) { n++; return c.answer(n, q) }, thing(c.paging))
		r := w.mustScan("thing")
		if last := w.events[len(w.events)-1]; !last.Done || last.Rows != 3 || !r.Complete() {
			t.Errorf("%s: at the end %+v, %q", name, last, r.Incomplete)
		}
	}
}

// TestLogIsKept: a log is dropped for nothing but the refusal of its own cursor.
func TestLogIsKept(t *testing.T) {
	for name, fault := range map[string]func(q url.Values) int{
		"another error":       func(q url.Values) int { return map[string]int{"at2": 500}[q.Get("cursor")] },
		"a cursor of its own": func(q url.Values) int { return map[string]int{"at4": 422}[q.Get("cursor")] },
	} {
		var now func(url.Values) int
		w := newWorld(t, func(_ string, q url.Values) (int, string) {
			if status := now(q); status != 0 {
				return status, missing
			}
			return page(q, ids(6, 5, 4, 3, 2, 1)...)
		}, thing(nil))
		now = func(q url.Values) int { return map[string]int{"at2": 401}[q.Get("cursor")] }
		if err := w.scan(); err == nil {
			t.Fatal("no error")
		}
		now = fault
		if r := w.mustScan("thing"); r.Err == nil || strings.Contains(w.said("thing"), "starting over") {
			t.Errorf("%s: error %v, said %q", name, r.Err, w.said("thing"))
		}
		now = func(url.Values) int { return 0 }
		if r := w.mustScan("thing"); !r.Resumed || !r.Complete() {
			t.Errorf("%s: the next run does not resume: %+v", name, r.Outcome)
		}
	}
}

// TestConsumedLog says nothing about a log that was kept after its table was committed, until all of the run was.
func TestConsumedLog(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) { return page(q, ids(5, 4, 3)...) }, thing(nil))
	w.mustScan("thing")
	w.options.Base = func(*schema.Table) string { return "2026" }
	if r := w.mustScan("thing"); r.Resumed || w.said("thing") != "" {
		t.Errorf("it says %q; resumed %t", w.said("thing"), r.Resumed)
	}
}
