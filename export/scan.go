package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
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

	resumed bool // some of it was read by an earlier run
}

// scan reads one table from the API into its page log.
type scan struct {
	*Run
	t       *tableRun
	decoder *schema.Decoder
	started time.Time
	rows    int64
	pages   int
	synced  time.Time // when the log was last made to survive a power loss
}

// syncEvery is how often a log is synced while it grows. At the API's rate that is every page.
const syncEvery = 500 * time.Millisecond

// Walks, as the page log names them; those of page lists are named by their parameters.
const (
	walkMain  = "main"  // of a cursor list
	walkNewer = "newer" // rows that are newer than the main walk's start
	walkEach  = "each"  // the list again, status by status
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
	resumed := len(log.Frames)
	defer func() { t.scan.resumed = resumed > 0 }()
	if done, err := t.finished(); done || err != nil {
		s.progress(true)
		return err
	}
	incomplete, err := s.walkAll(ctx)
	if resumed > 0 && len(log.Frames) == resumed && refused(err) {
		resumed = 0
		r.say(t, "starting over: the API does not take the cursor of the page log: "+err.Error())
		return r.scanAnew(ctx, t)
	}
	if err != nil {
		return errors.Join(err, log.Sync())
	}
	s.progress(true)
	return s.finish(incomplete)
}

// scanAnew gives up a table's page log and scans the table from its start.
func (r *Run) scanAnew(ctx context.Context, t *tableRun) error {
	if err := r.dropLog(t); err != nil {
		return err
	}
	return r.scanTable(ctx, t)
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

// walk appends the pages of a walk to the log. The next page is fetched while this one is decoded.
func (s *scan) walk(ctx context.Context, pages iter.Seq2[*page, error], name string) error {
	g, ctx := errgroup.WithContext(ctx)
	fetched := make(chan *page, 1)
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
func (s *scan) append(page *page, walk string) (*schema.Page, error) {
	rows, err := s.decoder.Page(page.Data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", s.t.table.Name, err)
	}
	mark := dataset.Mark{Walk: walk, Cursor: page.Cursor, End: page.Cursor == ""}
	if err := s.t.log.Append(rows, mark); err != nil {
		return nil, err
	}
	if now := s.now(); now.Sub(s.synced) >= syncEvery {
		s.synced = now
		if err := s.t.log.Sync(); err != nil {
			return nil, fmt.Errorf("sync page log: %w", err)
		}
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

// walksOf returns the parameters of each walk of a list.
func walksOf(src schema.Source) []url.Values {
	if len(src.Walks) == 0 {
		return []url.Values{src.Params}
	}
	var walks []url.Values
	for _, w := range src.Walks {
		walks = append(walks, with(src.Params, w))
	}
	return walks
}

// with returns parameters and more of them.
func with(params, more url.Values) url.Values {
	all := url.Values{}
	maps.Copy(all, params)
	maps.Copy(all, more)
	return all
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
	return errors.As(err, &status) && (status.Status == 400 || status.Status == 422)
}

// unanswered reports whether the server answered, and not with what was asked for, try as one might. Where there was no
// answer, or the budget of requests is used up, a later run may do better.
func unanswered(err error) bool {
	var status *client.Error
	var body *client.BodyError
	return errors.As(err, &status) && status.Status != 401 && status.Status != 429 || errors.As(err, &body)
}

// stopsRun reports whether an error concerns the run, not one table alone.
func stopsRun(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, client.ErrTimeout) ||
		errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrAccountChanged)
}
