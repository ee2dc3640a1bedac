package scan

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// walk is one list being read into the log.
type walk struct {
	t       *tableScan
	of      *parentRow      // whose list it is; nil for a list of the account
	marks   string          // the column that is true in its rows, empty if there is none
	mark    pagelog.Mark    // of its pages, without cursor and end
	again   bool            // its rows were counted before, but for a few
	decoder *schema.Decoder // of the page read last; nil while none is held
	page    *schema.Page    // read last
}

// newWalk returns a walk of the table's list. Its name is unique among the table's walks.
func (t *tableScan) newWalk(name string) *walk {
	return &walk{t: t, mark: pagelog.Mark{Walk: name}}
}

// nameOf names a walk among those of a list.
func (t *tableScan) nameOf(w schema.Walk) string {
	if w.Path != t.list.Path {
		return w.Path + "?" + w.Params.Encode()
	}
	return w.Params.Encode()
}

// decode decodes the records of a page for the client. Many walks may wait for their pages at once: each has a decoder only
// from then on until its page is logged.
func (w *walk) decode(body []byte, at int) (records, end int, err error) {
	w.hold()
	records, end, err = w.decoder.ReadRecords(body, at)
	if err != nil {
		w.release()
		return records, end, err
	}
	w.page = w.decoder.Decoded()
	return records, end, nil
}

// log appends a page to the table's log.
func (w *walk) log(p *client.Page, page *schema.Page) error {
	mark := w.mark
	mark.Cursor, mark.End = p.Cursor, p.Cursor == ""
	return w.t.append(page, mark, w.again)
}

// append logs a page. With again, its rows were counted before.
func (t *tableScan) append(page *schema.Page, mark pagelog.Mark, again bool) error {
	if err := t.r.Log.Append(page, mark); err != nil {
		return err
	}
	records, rows := 0, 0
	if page != nil {
		records = page.Rows.Rows
	}
	if !again {
		rows = records
	}
	if t.pace.add(records, rows, t.now()) {
		if err := t.r.Log.Sync(); err != nil {
			return fmt.Errorf("sync page log: %w", err)
		}
	}
	t.progress(false)
	return nil
}

// each reads the pages of a walk one by one. visit, unless nil, is called after a page is logged, and ends the walk by
// returning false.
func (w *walk) each(ctx context.Context, pages iter.Seq2[*client.Page, error], visit func(*client.Page, *schema.Page) (more bool, err error)) error {
	defer w.release()
	for p, err := range pages {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := w.log(p, w.page); err != nil {
			return err
		}
		if visit != nil {
			if more, err := visit(p, w.page); err != nil || !more {
				return err
			}
		}
		w.decoder.Recycle(w.page)
		w.release()
	}
	return nil
}

// hold makes sure that the walk has a decoder.
func (w *walk) hold() {
	if w.decoder == nil {
		w.decoder = w.t.decoders.take(w.t.r.Table)
		w.of.decode(w.decoder)
		w.decoder.SetMark(w.marks)
	}
}

// release gives the decoder back.
func (w *walk) release() {
	if w.decoder != nil {
		w.t.decoders.give(w.decoder)
		w.decoder = nil
	}
}

// readAhead reads the pages of a walk to its end, each while the one before is logged. It ends early, after a page for
// which enough returns true.
func (w *walk) readAhead(ctx context.Context, list client.List, enough func(*client.Page, *schema.Page) bool) error {
	defer w.release()
	type read struct {
		p    *client.Page
		page *schema.Page
	}
	g, ctx := errgroup.WithContext(ctx)
	fetched, logged := make(chan read, 1), make(chan *schema.Page, 3)
	decode := func(body []byte, at int) (int, int, error) {
		for len(logged) > 0 && w.decoder != nil {
			w.decoder.Recycle(<-logged)
		}
		return w.decode(body, at)
	}
	g.Go(func() error {
		defer close(fetched)
		for p, err := range w.t.Client.Cursor(ctx, list, decode) {
			if err != nil {
				return err
			}
			last := enough(p, w.page) // before somebody else has the page
			select {
			case fetched <- read{p, w.page}:
			case <-ctx.Done():
				return ctx.Err()
			}
			if last {
				return nil
			}
		}
		return nil
	})
	g.Go(func() error {
		for r := range fetched {
			if err := w.log(r.p, r.page); err != nil {
				return err
			}
			select {
			case logged <- r.page:
			default:
			}
		}
		return nil
	})
	return g.Wait()
}

// endless reports whether a walk was given up because the list had no end: what it met is good, but may not be all.
func endless(err error) bool {
	var repeated *client.RepeatedCursorError
	var unending *client.EndlessListError
	return errors.As(err, &repeated) || errors.As(err, &unending)
}

// refused reports whether the server understood a request and rejected it.
func refused(err error) bool {
	var status *client.Error
	return errors.As(err, &status) && (status.Status == 400 || status.Status == 422)
}

// notOffered reports whether the server says that it does not have a list for this account.
func notOffered(err error) bool {
	var status *client.Error
	return errors.As(err, &status) && (status.Status == 403 || status.Status == 404 || status.Status == 422)
}

// unanswered reports whether the server keeps answering with something other than what was asked for. Without any
// answer, or with the budget of requests used up, a later run may do better.
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

// StopsRun reports whether an error concerns the run, not one table alone.
func StopsRun(err error) bool { return stopsRun(err) }
