// Package encode writes changed rows for loaders: as NDJSON, CSV or Parquet. The two names you want are New and Encoder.
//
// Each row has the members or columns _change (insert, update or delete) and _snapshot, the snapshot that the rows bring a
// loader to, then those of the table. Of a deleted row there is only the key. Times are RFC 3339 in UTC, dates
// YYYY-MM-DD, and text is as it is stored, also where it holds JSON. In NDJSON a row begins with its table as _table; in
// CSV null is empty and text is quoted, so that it differs from empty text.
package encode

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/schema"
)

// Encoder writes changed rows. CSV and Parquet take one table.
type Encoder interface {
	// Begin begins a table, whose rows bring a loader to a snapshot.
	Begin(t *dataset.TableState, snapshot int64) error
	// Rows writes rows of the table that was begun last.
	Rows(*feed.Changed) error
	// End ends the output.
	End() error
}

// The formats.
const (
	JSON    = "json"
	CSV     = "csv"
	Parquet = "parquet"
)

// tableColumn names a row's table in NDJSON.
const tableColumn = "_table"

// New returns an encoder of a format. program names the program and its version in Parquet files.
func New(format string, out io.Writer, program string) (Encoder, error) {
	buffered := bufio.NewWriterSize(out, 64<<10)
	switch format {
	case JSON:
		return &jsonEncoder{out: buffered}, nil
	case CSV:
		return &csvEncoder{out: buffered}, nil
	case Parquet:
		return &parquetEncoder{out: buffered, program: program}, nil
	}
	return nil, fmt.Errorf("there is no format %q; the formats are %s, %s, %s", format, JSON, CSV, Parquet)
}

// isText reports whether a value is written in quotes.
func isText(v *schema.Vector, row int) bool {
	switch v.Kind {
	case schema.Int64, schema.Bool:
		return false
	case schema.Double: // JSON has no number for these
		return math.IsNaN(v.Float(row)) || math.IsInf(v.Float(row), 0)
	}
	return true
}

// appendValue appends a value that is not null as text, without quotes.
func appendValue(dst []byte, v *schema.Vector, row int) []byte {
	switch v.Kind {
	case schema.String:
		return append(dst, v.Text(row)...)
	case schema.Double:
		return strconv.AppendFloat(dst, v.Float(row), 'g', -1, 64)
	case schema.Bool:
		return strconv.AppendBool(dst, v.Int(row) != 0)
	case schema.Timestamp:
		return time.UnixMicro(v.Int(row)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999Z07:00")
	case schema.Date:
		return time.Unix(v.Int(row)*secondsOfDay, 0).UTC().AppendFormat(dst, time.DateOnly)
	}
	return strconv.AppendInt(dst, v.Int(row), 10)
}

const secondsOfDay = 24 * 60 * 60

// null reports whether a row has no value; a missing vector is a column of nulls.
func null(v *schema.Vector, row int) bool { return v == nil || v.Null(row) }

// keyColumns says, beside a table's columns, which are its key.
func keyColumns(t *dataset.TableState) []bool {
	is := make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		for _, name := range t.Key {
			is[i] = is[i] || c.Name == name
		}
	}
	return is
}
