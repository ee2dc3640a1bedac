package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Outcome is what a finished scan concluded. It is the last note in the scan's page log.
type Outcome struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Incomplete says why the scan proves nothing about the rows that it did not meet; empty if it is complete.
	Incomplete string `json:"incomplete,omitempty"`
	// Childless says that no row told of its child rows, so that these have to be listed on their own.
	Childless bool `json:"childless,omitempty"`
}

// scan reads one table from the API into its page log.
type scan struct {
	*Run
	t       *tableRun
	decoder *schema.Decoder
	started time.Time
	rows    int64
	pages   int
}

// Walks of a cursor list, beside the main one, as the page log names them.
const (
	walkMain  = "main"
	walkNewer = "newer" // rows that are newer than the main walk's start
	walkAsked = "asked" // rows asked for by id
)

// scanTable brings a table's page log to its end: it goes on where an earlier run stopped, if the log allows it.
func (r *Run) scanTable(ctx context.Context, t *tableRun) error {
	log, err := r.openLog(t)
	if err != nil {
		return err
	}
	t.log = log
	s := &scan{Run: r, t: t, decoder: schema.NewDecoder(t.table), started: log.Header.Started}
	for _, f := range log.Frames {
		if f.Walk != walkNewer {
			s.rows += int64(f.Rows)
		}
	}
	if done, err := t.finished(); done || err != nil {
		s.progress(true)
		return err
	}
	incomplete, err := s.walkAll(ctx)
	if err != nil {
		return errors.Join(err, log.Sync())
	}
	s.progress(true)
	return s.finish(incomplete)
}

func (s *scan) walkAll(ctx context.Context) (incomplete string, err error) {
	if s.t.table.Source.Paging == schema.ByCursor {
		return s.walkCursor(ctx)
	}
	return s.walkPages(ctx)
}

// finished reports whether the log's scan came to its end, and takes over what it concluded.
func (t *tableRun) finished() (bool, error) {
	for i := len(t.log.Frames) - 1; i >= 0; i-- {
		note := t.log.Frames[i].Note
		if note == nil {
			continue
		}
		if err := json.Unmarshal(note, &t.scan); err != nil {
			return false, fmt.Errorf("read note of page log: %w", err)
		}
		return true, nil
	}
	return false, nil
}

// finish notes what the scan concluded in the log.
func (s *scan) finish(incomplete string) error {
	out := Outcome{Started: s.started, Ended: s.now(), Incomplete: incomplete}
	rows, dropped, lacking := 0, 0, make([]int, len(s.t.table.Always))
	for _, f := range s.t.log.Frames {
		rows += f.Rows
		dropped += f.Dropped
		for i := range lacking {
			if f.Lacking != nil {
				lacking[i] += f.Lacking[i]
			}
		}
	}
	for i, object := range s.t.table.Always {
		child := s.t.table.Child != nil && s.t.table.Child.Attribute == object
		switch {
		case child && rows > 0 && lacking[i] == rows:
			out.Childless = true
		case lacking[i] > 0 && out.Incomplete == "":
			out.Incomplete = fmt.Sprintf("%d rows came without %q", lacking[i], object)
		}
	}
	if dropped > 0 && out.Incomplete == "" {
		out.Incomplete = fmt.Sprintf("%d records had no usable id", dropped)
	}
	note, err := json.Marshal(out)
	if err != nil {
		return err
	}
	s.t.scan = out
	if err := s.t.log.Append(nil, dataset.Mark{Note: note}); err != nil {
		return err
	}
	return s.t.log.Sync()
}

// walkCursor walks a cursor list once, then looks for rows that are newer than the walk's start and compares with the
// API's own counts, taken in between.
func (s *scan) walkCursor(ctx context.Context) (incomplete string, err error) {
	src := s.t.table.Source
	from, ended := s.resume()
	if !ended {
		list := client.List{Path: src.Path, Params: src.Params, Limits: src.Limits, From: from}
		err := s.walk(ctx, s.client.Cursor(ctx, list), walkMain)
		if circle(err) {
			return err.Error(), nil
		}
		if err != nil {
			return "", err
		}
	}
	for range 3 { // an account that changes may need another look
		want, err := s.count(ctx)
		if err == nil {
			err = s.walkNewer(ctx)
		}
		if refused(err) || circle(err) {
			return fmt.Sprintf("the rows could not be counted: %v", err), nil
		}
		if err != nil {
			return "", err
		}
		got, err := countRows(s.t)
		if err != nil || got >= want {
			return "", err
		}
		incomplete = fmt.Sprintf("the API counts %d rows, the scan met %d", want, got)
	}
	return incomplete, nil
}

// resume returns the cursor of the page that follows the last one logged, or that the main walk has ended.
func (s *scan) resume() (from string, ended bool) {
	for _, f := range s.t.log.Frames {
		if f.Walk == walkMain {
			from, ended = f.Cursor, f.End
		}
	}
	return from, ended
}

// count returns the sum of the API's own counts.
func (s *scan) count(ctx context.Context) (int64, error) {
	var sum int64
	for _, params := range s.t.table.Source.Counts {
		n, err := s.client.Count(ctx, s.t.table.Source.Path, params)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// walkNewer reads the list from its top again, down to a row that was there when the main walk began.
func (s *scan) walkNewer(ctx context.Context) error {
	src := s.t.table.Source
	list := client.List{Path: src.Path, Params: src.Params, Limits: src.Limits[1:]}
	var top schema.Key
	for _, f := range s.t.log.Frames {
		if f.Walk == walkMain && f.Rows > 0 {
			top = f.Last
			break
		}
	}
	for page, err := range s.client.Cursor(ctx, list) {
		if err != nil {
			return err
		}
		rows, err := s.append(page, walkNewer)
		if err != nil {
			return err
		}
		if top != nil && rows.Rows.Rows > 0 && rows.Rows.Keys(s.t.table.Order).CompareKey(0, top) <= 0 {
			return nil
		}
	}
	return nil
}

// walk appends the pages of a walk to the log. The next page is fetched while this one is decoded.
func (s *scan) walk(ctx context.Context, pages iter.Seq2[*client.Page, error], name string) error {
	g, ctx := errgroup.WithContext(ctx)
	fetched := make(chan *client.Page, 1)
	g.Go(func() error {
		defer close(fetched)
		for page, err := range pages {
			if err != nil {
				return err
			}
			select {
			case fetched <- page:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for page := range fetched {
			rows, err := s.append(page, name)
			if err != nil {
				return err
			}
			s.decoder.Recycle(rows)
		}
		return nil
	})
	return g.Wait()
}

// append decodes a page and logs it.
func (s *scan) append(page *client.Page, walk string) (*schema.Page, error) {
	rows, err := s.decoder.Page(page.Data)
	page.Release()
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", s.t.table.Name, err)
	}
	mark := dataset.Mark{Walk: walk, Cursor: page.Cursor, End: page.Cursor == ""}
	if err := s.t.log.Append(rows, mark); err != nil {
		return nil, err
	}
	if walk != walkNewer { // its rows were counted already, but for a few
		s.rows += int64(rows.Rows.Rows)
	}
	s.pages++
	s.progress(false)
	return rows, nil
}

func (s *scan) progress(done bool) {
	s.event(Event{Table: s.t.table.Name, Rows: s.rows, Pages: s.pages, Done: done})
}

// walkPages walks a page list. Rows shift between its pages when the list changes under the walk: a walk counts only if
// all its pages state the same total and that many rows were met; else the list is walked again.
func (s *scan) walkPages(ctx context.Context) (incomplete string, err error) {
	seen := map[string]bool{}
	for range 3 {
		stable := true
		var expected int64
		for _, params := range walksOf(s.t.table.Source) {
			w := pageWalk{seen: map[string]bool{}, total: -1, stable: true}
			if err := s.walkPageList(ctx, params, &w); circle(err) {
				return err.Error(), nil
			} else if err != nil {
				return "", err
			}
			stable = stable && w.stable && (w.total < 0 || int64(len(w.seen)) == w.total)
			for id := range w.seen {
				seen[id] = true
			}
			if expected += max(0, w.total); w.all > 0 {
				expected = w.all
			}
		}
		if stable && int64(len(seen)) >= expected {
			return "", nil
		}
	}
	return "the list changed while it was read", nil
}

// pageWalk is what one walk of a page list met.
type pageWalk struct {
	seen   map[string]bool
	total  int64 // stated by its pages; -1 if none did
	all    int64 // rows of all walks together, if the list tells
	stable bool
}

func (s *scan) walkPageList(ctx context.Context, params url.Values, w *pageWalk) error {
	src := s.t.table.Source
	list := client.List{Path: src.Path, Params: params, Limits: src.Limits}
	for page, err := range s.client.Pages(ctx, list) {
		if err != nil {
			return err
		}
		if w.total >= 0 && page.Total != w.total {
			w.stable = false
		}
		w.total = page.Total
		w.all = page.Aggregations["all"]
		rows, err := s.append(page, params.Encode())
		if err != nil {
			return err
		}
		for i, ids := 0, rows.Rows.Keys(s.t.table.Order); i < rows.Rows.Rows; i++ {
			w.seen[string(ids[0].Text(i))] = true
		}
	}
	return nil
}

// walksOf returns the parameters of each walk of a list.
func walksOf(src schema.Source) []url.Values {
	if len(src.Walks) == 0 {
		return []url.Values{src.Params}
	}
	var walks []url.Values
	for _, w := range src.Walks {
		params := url.Values{}
		for _, from := range []url.Values{src.Params, w} {
			for k, v := range from {
				params[k] = v
			}
		}
		walks = append(walks, params)
	}
	return walks
}

// circle reports whether a walk ended because the server led it astray: what it met is good, and not all.
func circle(err error) bool {
	var repeated *client.RepeatedCursorError
	var endless *client.EndlessListError
	return errors.As(err, &repeated) || errors.As(err, &endless)
}

// refused reports whether the server understood a request and does not do that.
func refused(err error) bool {
	var status *client.Error
	var body *client.BodyError
	if errors.As(err, &status) {
		return status.Status == 404 || status.Status == 422 || status.Status == 400
	}
	return errors.As(err, &body)
}
