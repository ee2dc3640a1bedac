package pagelog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

const (
	// maxStreams is the greatest number of sorted streams of a log that are read at once, and so of pages in memory.
	maxStreams = 64
	// sortedRows and sortedBytes bound the pages that merged streams are written in.
	sortedRows  = 1000
	sortedBytes = 8 << 20
)

// sortedCopy is a log in scratch that has the rows of another.
type sortedCopy struct {
	log  *Log
	size int64 // of the other when the copy was made
}

// Scratch starts a log for this run alone. Closing it removes it.
func (s *Store) Scratch(h Header, shape Shape) (*Log, error) {
	s.mu.Lock()
	s.made++
	name := filepath.Join(s.scratch, fmt.Sprintf("%s.%d%s", h.Table, s.made, logSuffix))
	s.mu.Unlock()
	l, err := s.create(name, h, shape)
	if err != nil {
		return nil, fmt.Errorf("create page log: %w", err)
	}
	l.afterClose = func() error {
		s.mu.Lock()
		delete(s.copies, l)
		s.mu.Unlock()
		return disk.RemoveFile(s.fsys, name)
	}
	s.mu.Lock()
	s.copies[l] = true
	s.mu.Unlock()
	return l, nil
}

// DropScratch closes and removes all logs in scratch, also those that Sorted returned and those of earlier runs.
func (s *Store) DropScratch() error {
	s.sorting.Lock()
	defer s.sorting.Unlock()
	clear(s.sorted)
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.copies))
	s.mu.Unlock()
	var err error
	for _, l := range open {
		err = errors.Join(err, l.Close())
	}
	if err = errors.Join(err, s.fsys.RemoveAll(s.scratch)); err != nil {
		return fmt.Errorf("remove copies of page logs: %w", err)
	}
	return nil
}

// Sorted returns a log of the same rows whose pages overlap so little that few have to be in memory at a time: l itself
// if that is so already, else a copy in scratch. Closing l does not close the copy: the caller may close it, Sorted
// closes it if l has grown since, and so does DropScratch.
func (s *Store) Sorted(ctx context.Context, l *Log) (*Log, error) {
	s.sorting.Lock()
	defer s.sorting.Unlock()
	have, size := s.sorted[l], l.Size()
	if have.log != nil && have.size == size && !have.log.isClosed() {
		return have.log, nil
	}
	delete(s.sorted, l)
	var err error
	if have.log != nil {
		err = have.log.Close()
	}
	sorted := l
	if err == nil {
		sorted, err = s.sort(ctx, l)
	}
	if err != nil {
		return nil, fmt.Errorf("sort page log: %w", err)
	}
	if sorted != l {
		s.sorted[l] = sortedCopy{sorted, size}
	}
	return sorted, nil
}

// sort merges streams until few enough are left.
func (s *Store) sort(ctx context.Context, l *Log) (*Log, error) {
	for source := l; ; {
		segments := source.segments()
		if len(sortedStreams(segments)) <= maxStreams {
			return source, nil
		}
		merged, err := s.merge(ctx, source, segments)
		if source != l {
			err = errors.Join(err, source.Close())
		}
		if err != nil {
			return nil, err
		}
		source = merged
	}
}

// segments returns the index as it is now.
func (l *Log) segments() index {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.index)
}

// merge writes the rows of every maxStreams segments, in order of arrival, as one sorted stream.
func (s *Store) merge(ctx context.Context, l *Log, segments index) (_ *Log, err error) {
	out, err := s.Scratch(l.Header, l.shape)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	children := out.takeColumns(l)
	for group := range slices.Chunk(segments, maxStreams) {
		l.mu.Lock()
		ld := newLoader(l, nil)
		l.mu.Unlock()
		c := newCursor(ctx, ld, group, func(page *schema.Page) error { addChildren(page, children); return nil })
		c.Reuse()
		if err := out.appendSorted(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// takeColumns numbers the columns of an empty log like those of another, whose order is that of first appearance, and
// returns how many children its pages have at most.
func (l *Log) takeColumns(o *Log) (children int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.columns.all {
		l.columns.intern(c.columnID)
		children = max(children, c.Batch)
	}
	return children
}

// addChildren gives a page the children that other pages have.
func addChildren(page *schema.Page, children int) {
	for len(page.Children) < children {
		page.Children = append(page.Children, schema.Children{Rows: &schema.Batch{}, Offsets: make([]uint32, page.Rows.Rows+1)})
	}
}

// appendSorted appends all rows of a cursor, page by page.
func (l *Log) appendSorted(c *Cursor) error {
	for page := (*schema.Page)(nil); ; {
		run, ok, err := c.Next()
		if err != nil {
			return err
		}
		if ok {
			if page == nil {
				page = &schema.Page{Rows: &schema.Batch{}}
			}
			page.Append(run.Page, run.From, run.To)
		}
		if page != nil && (!ok || page.Rows.Rows >= sortedRows || pageSize(page) >= sortedBytes) {
			if err := l.Append(page, Mark{}); err != nil {
				return err
			}
			page = nil
		}
		if !ok {
			return nil
		}
	}
}

func pageSize(page *schema.Page) int {
	size := 0
	for _, batch := range batches(page) {
		size += batch.Size()
	}
	return size
}
