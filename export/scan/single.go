package scan

import (
	"context"
	"fmt"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// readSingle reads a table of one row.
func (s *Scanner) readSingle(ctx context.Context, r *Result, source *schema.Single) error {
	return s.fillLog(ctx, r, nil, restarted, func(ctx context.Context, t *tableScan) (string, error) {
		data, err := s.Client.Get(ctx, source.Path, nil)
		if r.Table.Optional && notOffered(err) {
			r.Unavailable = err.Error()
			return "", nil
		}
		if err != nil {
			return "", err
		}
		page, err := schema.NewDecoder(r.Table).Page(append(append([]byte{'['}, data...), ']'))
		if err != nil {
			return "", fmt.Errorf("decode %s: %w", r.Table.Name, err)
		}
		return "", t.append(page, pagelog.Mark{Walk: walkMain, End: true}, false)
	})
}

// walkObject reads the rows that are in an array of one object: a list of the parent that comes with a single request.
func (t *tableScan) walkObject(ctx context.Context, of *parentRow) error {
	walk := t.list.EachWalk()[0]
	w := t.newWalk(t.nameOf(walk))
	of.begin(w)
	data, err := t.Client.Get(ctx, of.path(walk.Path), walk.Params)
	if err != nil {
		return err
	}
	w.hold()
	defer w.release()
	page, err := w.decoder.PageIn(data)
	if err != nil {
		return fmt.Errorf("decode %s: %w", t.r.Table.Name, err)
	}
	w.mark.End = true
	return t.append(page, w.mark, w.again)
}
