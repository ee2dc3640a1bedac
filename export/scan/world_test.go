package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// site is an API in this process: a function of path and parameters.
type site struct {
	mu     sync.Mutex
	asked  []string // path and parameters of each request, those of batches included
	paths  map[string]int
	answer func(path string, q url.Values) (status int, body string)
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	path := strings.TrimPrefix(r.URL.Path, "/api")
	status, body := 200, ""
	if path == "/batch" {
		var ask struct {
			Requests []struct {
				Path string
				Body map[string]any
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&ask)
		for i, part := range ask.Requests {
			path, q := strings.TrimPrefix(part.Path, "api"), url.Values{}
			for name, value := range part.Body {
				members, nested := value.(map[string]any)
				if !nested {
					q.Set(name, fmt.Sprint(value))
				}
				for member, value := range members {
					q.Set(name+"["+member+"]", fmt.Sprint(value))
				}
			}
			s.note(path, q)
			code, one := s.answer(path, q)
			body += fmt.Sprintf(`%s{"code":%d,"body":%s}`, map[bool]string{true: ","}[i > 0], code, one)
		}
		body = `{"responses":[` + body + `]}`
	} else {
		s.note(path, r.URL.Query())
		status, body = s.answer(path, r.URL.Query())
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *site) note(path string, q url.Values) {
	if s.paths == nil {
		s.paths = map[string]int{}
	}
	s.paths[path]++
	if text := q.Encode(); text != "" {
		path += "?" + text
	}
	s.asked = append(s.asked, path)
}

// forget forgets what was asked for.
func (s *site) forget() { s.asked, s.paths = nil, nil }

const missing = `{"message":"No query results for model"}`

// page is a page of two records of a list by cursor, or a count.
func page(q url.Values, records ...string) (int, string) {
	if q.Get("limit") == "0" {
		return 200, fmt.Sprintf(`{"total":%d}`, len(records))
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "at"))
	next := "null"
	if from+2 < len(records) {
		next = fmt.Sprintf(`"at%d"`, from+2)
	}
	return 200, fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, strings.Join(records[min(from, len(records)):min(from+2, len(records))], ","), next)
}

// numbered is a page of two records of a list by page number that states a total; a negative one is not stated.
func numbered(q url.Values, total int, records ...string) (int, string) {
	n, _ := strconv.Atoi(q.Get("page"))
	from, last := 2*(n-1), max(1, (len(records)+1)/2)
	next := "null"
	if n < last {
		next = `"x"`
	}
	meta := fmt.Sprintf(`"current_page":%d,"last_page":%d,"per_page":2`, n, last)
	if total >= 0 {
		meta += fmt.Sprintf(`,"total":%d`, total)
	}
	return 200, fmt.Sprintf(`{"data":[%s],"links":{"next":%s},"meta":{%s}}`, strings.Join(records[min(from, len(records)):min(from+2, len(records))], ","), next, meta)
}

// ids makes records of nothing but an id.
func ids(ids ...int) (records []string) {
	for _, id := range ids {
		records = append(records, fmt.Sprintf(`{"id":"%d"}`, id))
	}
	return records
}

var day = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a directory of page logs and an API to fill them from.
type world struct {
	*site
	t       testing.TB
	dir     string
	catalog *schema.Catalog
	logs    *pagelog.Store
	options Options
	events  []Event
	scanner *Scanner
}

func newWorld(t testing.TB, answer func(path string, q url.Values) (int, string), tables ...*schema.Table) *world {
	t.Helper()
	c, err := schema.NewCatalog(tables...)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &world{dir: dir, site: &site{answer: answer}, t: t, catalog: c, logs: pagelog.NewStore(disk.OS(false), dir+"/scan", dir+"/scratch")}
	api, err := client.New(client.Options{Key: "test", Transport: w.site, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	now, mu := day, sync.Mutex{}
	w.options = Options{Client: api, Logs: w.logs, Account: "1", Catalog: c, Base: func(*schema.Table) string { return "" }, ResumeWithin: time.Hour,
		Now: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Second)
			return now
		},
		OnEvent: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			w.events = append(w.events, e)
		}}
	return w
}

// scan makes a run over all tables. Its logs are closed when the next one begins.
func (w *world) scan() error {
	w.t.Helper()
	w.close()
	w.forget()
	w.events = nil
	w.scanner = New(w.options)
	w.t.Cleanup(w.close)
	return w.scanner.Scan(w.t.Context(), w.catalog.Tables())
}

func (w *world) close() {
	if w.scanner == nil {
		return
	}
	for _, r := range w.scanner.Results() {
		if r.Log != nil && !r.Nested {
			r.Log.Close()
		}
	}
}

// result returns the scan of a table after a run that concerned nothing but its tables.
func (w *world) result(name string) *Result {
	w.t.Helper()
	return w.scanner.Result(w.catalog.Lookup(name))
}

// mustScan scans and returns the result of a table.
func (w *world) mustScan(name string) *Result {
	w.t.Helper()
	if err := w.scan(); err != nil {
		w.t.Fatal(err)
	}
	return w.result(name)
}

// said returns the messages about a table.
func (w *world) said(table string) (text string) {
	for _, e := range w.events {
		if e.Table == table && e.Message != "" {
			text += e.Message + "\n"
		}
	}
	return text
}

// keys returns the keys in a log, each joined by dots.
func keysIn(t testing.TB, log *pagelog.Log) []string {
	t.Helper()
	keys := []string{}
	eachRow(t, log, pagelog.KeysOnly, func(key string, _ *schema.Batch, _ int) { keys = append(keys, key) })
	return keys
}

// eachRow calls f for each row in a log, in key order, with some of its columns.
func eachRow(t testing.TB, log *pagelog.Log, want pagelog.Select, f func(key string, page *schema.Batch, i int)) {
	t.Helper()
	for c := pagelog.NewCursor(t.Context(), log, want, nil); ; {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		for i := run.From; i < run.To; i++ {
			f(strings.Join(run.Keys.At(i), "."), run.Page.Rows, i)
		}
	}
}

// thing is a table of a plain list by cursor.
func thing(change func(*schema.Table, *schema.List)) *schema.Table {
	list := &schema.List{Path: "/things", Paging: schema.ByCursor, Item: "/things/{id}"}
	t := &schema.Table{Name: "thing", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")), Source: list}
	if change != nil {
		change(t, list)
	}
	return t
}

// part is a table of a list for each thing.
func part(change func(*schema.Table, *schema.List)) *schema.Table {
	list := &schema.List{Path: "/things/{thing_id}/parts", Paging: schema.ByCursor, Per: &schema.Link{Table: "thing", Columns: []string{"thing_id"}}}
	t := &schema.Table{Name: "part", Key: []string{"thing_id", "id"}, Source: list,
		Columns: slices.Concat(schema.LinkedKey("thing_id"), schema.KeyColumn("id"), schema.Texts("name"))}
	if change != nil {
		change(t, list)
	}
	return t
}
