package pagelog

import (
	"fmt"
	"path/filepath"
	"slices"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

const (
	// maxStreams bounds the sorted streams of a log that are read at once, and so the pages in memory.
	maxStreams = 64
	// mergedRows is the size of the pages that merged streams are written in.
	mergedRows = 1000
)

// Compact returns a log of the same rows whose pages overlap so little that few have to be in memory at a time: l
// itself if that is so already, else a new log under the name, for this run alone.
func Compact(fsys disk.FS, name string, l *Log) (*Log, error) {
	for level := 1; len(sortedStreams(l, l.all())) > maxStreams; level++ {
		if err := fsys.MkdirAll(filepath.Dir(name), disk.Private); err != nil {
			return nil, fmt.Errorf("sort page log: %w", err)
		}
		sorted, err := merged(fsys, fmt.Sprintf("%s.%d", name, level), l)
		if level > 1 {
			l.Close()
		}
		if err != nil {
			return nil, err
		}
		l = sorted
	}
	return l, nil
}

// merged writes the rows of every maxStreams pages, in order of arrival, as one sorted stream.
func merged(fsys disk.FS, name string, l *Log) (*Log, error) {
	out, err := Create(fsys, name, l.Header, l.order)
	if err != nil {
		return nil, err
	}
	for frames := range slices.Chunk(l.all(), maxStreams) {
		if err := mergeFrames(out, l, frames); err != nil {
			out.Close()
			return nil, err
		}
	}
	out.Paths = l.Paths // their order is that of first appearance
	return out, nil
}

func mergeFrames(out, l *Log, frames []int) error {
	page := &schema.Page{Rows: &schema.Batch{}}
	for c := newCursor(l, frames, nil, nil); ; {
		s, ok, err := c.Next()
		if err != nil {
			return err
		}
		if ok {
			page.Append(s.Page, s.From, s.To)
		}
		if page.Rows.Rows > 0 && (!ok || page.Rows.Rows >= mergedRows) {
			if err := out.Append(page, Mark{}); err != nil {
				return err
			}
			page = &schema.Page{Rows: &schema.Batch{}}
		}
		if !ok {
			return nil
		}
	}
}
