package readers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// TestFilesOpenEverywhere checks, page by page, that the files use only what every reader understands, old or new. It reads
// them with Arrow for Go, which shares no code with the writer.
func TestFilesOpenEverywhere(t *testing.T) {
	l := newLake(t, demo(3000))
	l.export(t)
	for range 2 { // merged parts must be like those of a first export
		l.account.Advance(1)
		l.export(t)
	}
	for path := range l.files(t) {
		t.Run(path, func(t *testing.T) { checkFile(t, filepath.Join(l.dir, path)) })
	}
}

func checkFile(t *testing.T, path string) {
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.MetaData().GetCreatedBy(); !strings.HasPrefix(got, "mailerlake version 0.0.0") {
		t.Errorf("created by %q, want mailerlake with its version", got)
	}
	for g := range r.NumRowGroups() {
		group := r.MetaData().RowGroup(g)
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				t.Fatal(err)
			}
			name := chunk.PathInSchema().String()
			checkChunk(t, name, chunk, group.NumRows())
			checkStatistics(t, name, chunk, group.NumRows())
			pages, err := r.RowGroup(g).GetColumnPageReader(c)
			if err != nil {
				t.Fatal(err)
			}
			checkPages(t, name, pages, group.NumRows())
		}
	}
}

func checkChunk(t *testing.T, name string, chunk *metadata.ColumnChunkMetaData, rows int64) {
	t.Helper()
	if got := chunk.Compression(); got != compress.Codecs.Zstd {
		t.Errorf("%s: compressed with %v, want zstd", name, got)
	}
	if chunk.GetColumnIndexLocation() == nil || chunk.GetOffsetIndexLocation() == nil {
		t.Errorf("%s: no page index", name)
	}
	for _, e := range chunk.Encodings() {
		switch e {
		case parquet.Encodings.Plain, parquet.Encodings.RLE, parquet.Encodings.RLEDict, parquet.Encodings.PlainDict:
		default:
			t.Errorf("%s: encoding %v, which some readers lack", name, e)
		}
	}
	switch name {
	case "status", "source", "_synced_at", "group_id": // few values, often repeated
		if rows >= 1000 && !chunk.HasDictionaryPage() { // few rows take less room without one
			t.Errorf("%s: no dictionary, want one where values repeat", name)
		}
	case "id", "email": // never repeated
		if chunk.HasDictionaryPage() {
			t.Errorf("%s: has a dictionary, want none where no value repeats", name)
		}
	}
}

// checkStatistics checks that the chunk has bounds, by which readers can skip it, and its number of nulls.
func checkStatistics(t *testing.T, name string, chunk *metadata.ColumnChunkMetaData, rows int64) {
	t.Helper()
	s, err := chunk.Statistics()
	if err != nil || s == nil {
		t.Errorf("%s: no statistics (%v)", name, err)
		return
	}
	if !s.HasNullCount() {
		t.Errorf("%s: nulls are not counted", name)
	}
	if some := s.NullCount() < rows; s.HasMinMax() != some {
		t.Errorf("%s: has bounds: %v, with %d of %d rows null", name, s.HasMinMax(), s.NullCount(), rows)
	}
}

// checkPages checks that data pages are of version 1 and hold all values. Reading them checks their checksums.
func checkPages(t *testing.T, name string, pages file.PageReader, rows int64) {
	t.Helper()
	var values int64
	for pages.Next() {
		switch page := pages.Page().(type) {
		case *file.DataPageV1:
			values += int64(page.NumValues())
		case *file.DictionaryPage:
		default:
			t.Errorf("%s: page is a %s, want data pages of version 1", name, strings.TrimPrefix(fmt.Sprintf("%T", page), "*file."))
		}
	}
	if err := pages.Err(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if values != rows {
		t.Errorf("%s: pages hold %d values, want %d", name, values, rows)
	}
}
