package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// MaxAsked is the greatest number of rows of a table that are asked for by their keys.
const MaxAsked = 1000

// UnprovenError says why asking for rows proved nothing.
type UnprovenError struct{ Why string }

func (e *UnprovenError) Error() string { return e.Why }

// CanAsk reports whether the rows of a scan can be asked for by their key.
func (r *Result) CanAsk() bool {
	list, ok := r.Table.Source.(*schema.List)
	return ok && list.Item != ""
}

// Ask asks for rows of a scanned table by their keys. It returns the record of each, nil for a row that is gone. If the
// answers prove neither, the error is an *UnprovenError. A few rows that the scan has met are asked for as well: if
// none of these is found, the question itself is wrong.
func (s *Scanner) Ask(ctx context.Context, r *Result, keys []schema.Key) ([]jsontext.Value, error) {
	known := r.Log.Sample(6, func(walk string) bool { return walk == walkAsked })
	answers, err := s.Client.Lookup(ctx, itemPaths(r.Table, slices.Concat(keys, known)))
	if stopsRun(err) {
		return nil, err
	}
	if err != nil {
		return nil, &UnprovenError{fmt.Sprintf("rows that may be gone could not be asked for: %v", err)}
	}
	answered := func(a client.Answer) bool { return a.Data != nil }
	if len(known) > 0 && !slices.ContainsFunc(answers[len(keys):], answered) {
		return nil, &UnprovenError{"rows that the list shows are not found by their ids either"}
	}
	records := make([]jsontext.Value, len(keys))
	for i, a := range answers[:len(keys)] {
		if a.Data == nil && (a.Status != 404 || a.RouteMissing) {
			return nil, &UnprovenError{fmt.Sprintf("a row that may be gone could not be asked for: status %d", a.Status)}
		}
		if a.Data != nil && !isRow(r.Table, a.Data, keys[i]) {
			return nil, &UnprovenError{"the answer for a row's id is a different row"}
		}
		records[i] = a.Data
	}
	return records, nil
}

// itemPaths returns the paths of single rows.
func itemPaths(t *schema.Table, keys []schema.Key) []string {
	item := t.Source.(*schema.List).Item
	paths := make([]string, len(keys))
	for i, key := range keys {
		paths[i] = schema.Fill(item, t.Key, inKeyOrder(t, key))
	}
	return paths
}

// isRow reports whether a record is the row with a key.
func isRow(t *schema.Table, record jsontext.Value, key schema.Key) bool {
	page, err := DecodeRow(t, record, key)
	return err == nil && page.Rows.Rows == 1 && page.Rows.Keys(t.Order).CompareKey(0, key) == 0
}

// DecodeRow decodes the answer to a request for the row with a key.
func DecodeRow(t *schema.Table, record jsontext.Value, key schema.Key) (*schema.Page, error) {
	d := schema.NewDecoder(t)
	if list, ok := t.Source.(*schema.List); ok && list.Per != nil { // the record does not name its parent; its key does
		values := make([]string, len(list.Per.Columns))
		for i, column := range list.Per.Columns {
			if at := slices.Index(t.Order, column); at >= 0 {
				values[i] = key[at]
			}
		}
		d.SetParent(list.Per.Columns, values)
	}
	page, err := d.Page(slices.Concat([]byte{'['}, record, []byte{']'}))
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", t.Name, err)
	}
	return page, nil
}

// Decode decodes records that were asked for; nil stands for none.
func Decode(t *schema.Table, records []jsontext.Value) (*schema.Page, error) {
	list := []byte{'['}
	for _, record := range records {
		if record == nil {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, record...)
	}
	page, err := schema.NewDecoder(t).Page(append(list, ']'))
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", t.Name, err)
	}
	return page, nil
}

// Add adds rows that were asked for to a table's scan. It reports whether their attributes include ones that no row had
// before.
func (s *Scanner) Add(r *Result, records []jsontext.Value) (newPaths bool, err error) {
	page, err := Decode(r.Table, records)
	if err != nil || page.Rows.Rows == 0 {
		return false, err
	}
	paths := len(r.Log.Paths())
	if err := r.Log.Append(page, pagelog.Mark{Walk: walkAsked}); err != nil {
		return false, err
	}
	return len(r.Log.Paths()) > paths, r.Log.Sync()
}

// ReadAgain reads a list of the account once more into its log, because its rows cannot be asked for by their keys. It
// says why the second reading is incomplete, if it is.
func (s *Scanner) ReadAgain(ctx context.Context, r *Result) (incomplete string, err error) {
	t := &tableScan{Scanner: s, r: r, list: r.Table.Source.(*schema.List)}
	if t.list.Paging == schema.ByPage {
		incomplete, err = t.walkPages(ctx, nil)
		return incomplete, errors.Join(err, r.Log.Sync())
	}
	for _, walk := range t.list.EachWalk() {
		w := t.newWalk("again")
		if err = w.each(ctx, s.Client.Cursor(ctx, client.List{Path: walk.Path, Params: walk.Params, Limits: t.list.Limits}, w.decode), nil); err != nil {
			break
		}
	}
	return "", errors.Join(err, r.Log.Sync())
}

// ReadParentsAgain reads the rows of some parents once more.
func (s *Scanner) ReadParentsAgain(ctx context.Context, r *Result, list *schema.List, parents []schema.Key) error {
	p := &parentWalks{tableScan: &tableScan{Scanner: s, r: r, list: list}, parent: s.Result(s.Catalog.Lookup(list.Per.Table)), again: true, under: newGate()}
	for _, key := range parents {
		if err := p.walkLists(ctx, key); err != nil {
			return err
		}
	}
	return r.Log.Sync()
}
