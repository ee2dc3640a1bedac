package encode

import (
	"bufio"
	"fmt"
	"strconv"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
)

// csvEncoder writes a header and a line for each row.
type csvEncoder struct {
	out      *bufio.Writer
	key      []bool
	snapshot int64
	line     []byte
	value    []byte
}

func (e *csvEncoder) Begin(t *dataset.TableState, snapshot int64) error {
	e.key, e.snapshot = keyColumns(t), snapshot
	e.line = fmt.Appendf(e.line[:0], "%s,%s", feed.ChangeColumn, feed.SnapshotColumn)
	for _, c := range t.Columns {
		e.line = appendQuoted(append(e.line, ','), []byte(c.Name))
	}
	_, err := e.out.Write(append(e.line, '\n'))
	return err
}

func (e *csvEncoder) Rows(c *feed.Changed) error {
	for row, kind := range c.Kinds {
		e.line = append(append(e.line[:0], kind.String()...), ',')
		e.line = strconv.AppendInt(e.line, e.snapshot, 10)
		for i, v := range c.Rows.Vectors {
			e.line = append(e.line, ',')
			switch {
			case null(v, row) || kind == feed.Delete && !e.key[i]:
			case isText(v, row):
				e.value = appendValue(e.value[:0], v, row)
				e.line = appendQuoted(e.line, e.value)
			default:
				e.line = appendValue(e.line, v, row)
			}
		}
		if _, err := e.out.Write(append(e.line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (e *csvEncoder) End() error { return e.out.Flush() }

// appendQuoted appends text in quotes, those inside doubled.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
