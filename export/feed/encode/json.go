package encode

import (
	"bufio"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
)

// jsonEncoder writes a line of JSON for each row.
type jsonEncoder struct {
	out   *bufio.Writer
	first []byte   // how the rows of the table begin
	after []byte   // what follows the kind of change
	names [][]byte // of the columns, each after a comma and before its value
	key   []bool   // beside names
	line  []byte
	value []byte
}

func (e *jsonEncoder) Begin(t *dataset.TableState, snapshot int64) error {
	e.first, e.after = fmt.Appendf(nil, `{"%s":"%s","%s":"`, tableColumn, t.Name, feed.ChangeColumn), fmt.Appendf(nil, `","%s":%d`, feed.SnapshotColumn, snapshot)
	e.key, e.names = keyColumns(t), nil
	for _, c := range t.Columns {
		name, err := jsontext.AppendQuote([]byte{','}, c.Name)
		if err != nil {
			return err
		}
		e.names = append(e.names, append(name, ':'))
	}
	return nil
}

func (e *jsonEncoder) Rows(c *feed.Changed) error {
	for row, kind := range c.Kinds {
		e.line = append(append(e.line[:0], e.first...), kind.String()...)
		e.line = append(e.line, e.after...)
		for i, v := range c.Rows.Vectors {
			if kind == feed.Delete && !e.key[i] {
				continue
			}
			e.line = append(e.line, e.names[i]...)
			if null(v, row) {
				e.line = append(e.line, "null"...)
				continue
			}
			if !isText(v, row) {
				e.line = appendValue(e.line, v, row)
				continue
			}
			var err error
			e.value = appendValue(e.value[:0], v, row)
			if e.line, err = jsontext.AppendQuote(e.line, e.value); err != nil {
				return err
			}
		}
		if _, err := e.out.Write(append(e.line, '}', '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (e *jsonEncoder) End() error { return e.out.Flush() }
