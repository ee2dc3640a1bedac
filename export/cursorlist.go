package export

import (
	"context"
	"fmt"

	"mailerlake/client"
	"mailerlake/schema"
)

// walkCursor walks a cursor list once, then looks for rows that are newer than the walk's start and compares with the
// API's own counts, taken in between.
func (s *scan) walkCursor(ctx context.Context) (incomplete string, err error) {
	src := s.t.table.Source
	if from, ended := s.resume(); !ended {
		list := client.List{Path: src.Path, Params: src.Params, Limits: src.Limits, From: from}
		err := s.walk(ctx, rawPages(ctx, s.client.Cursor, list), walkMain)
		if circle(err) {
			return err.Error(), nil
		}
		if err != nil {
			return "", err
		}
	}
	for round := range 4 { // an account that changes may need another look
		if round == 2 {
			err = s.walkStatuses(ctx)
		}
		if err == nil {
			incomplete, err = s.compareCounts(ctx)
		}
		if unanswered(err) || circle(err) {
			return fmt.Sprintf("the rows could not be counted: %v", err), nil
		}
		if err != nil || incomplete == "" {
			return "", err
		}
	}
	return incomplete, nil
}

// compareCounts counts the rows, first by the API, then those that were met, and says if these are fewer.
func (s *scan) compareCounts(ctx context.Context) (incomplete string, err error) {
	want, err := s.count(ctx)
	if err != nil {
		return "", err
	}
	if err := s.walkNewer(ctx); err != nil {
		return "", err
	}
	got, err := countRows(s.t)
	if err != nil || got >= want {
		return "", err
	}
	return fmt.Sprintf("the API counts %d rows, the scan met %d", want, got), nil
}

// walkStatuses walks the list again with each of the filters that it is counted by: unfiltered it may leave rows out,
// as the lists of members do. A walk whose first page shows nothing new ends there.
func (s *scan) walkStatuses(ctx context.Context) error {
	src := s.t.table.Source
	for _, filter := range src.Counts {
		before, err := countRows(s.t)
		if err != nil {
			return err
		}
		list := client.List{Path: src.Path, Params: with(src.Params, filter), Limits: src.Limits}
		for page, err := range rawPages(ctx, s.client.Cursor, list) {
			if err != nil {
				return err
			}
			if _, err := s.append(page, walkEach); err != nil {
				return err
			}
			if before < 0 {
				continue
			}
			if now, err := countRows(s.t); err != nil || now == before {
				if err != nil {
					return err
				}
				break
			}
			before = -1 // worth all its pages
		}
	}
	return nil
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
	for page, err := range rawPages(ctx, s.client.Cursor, list) {
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
