package export

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// partCheck checks the content of one part, a row group at a time.
type partCheck struct {
	reader *part.Reader
	table  *dataset.TableState
	part   *part.Part
	buf    schema.Vector
}

// column reads a column of a row group to its last value and checks what its type does not.
func (c *partCheck) column(g, i int) error {
	if err := c.reader.Read(g, i, &c.buf); err != nil {
		return err
	}
	column := c.table.Columns[i]
	for row := range c.buf.Len() {
		if err := checkValue(&c.buf, row, column); err != nil {
			return fmt.Errorf("column %s of row group %d: row %d: %w", column.Name, g, row, err)
		}
	}
	return nil
}

func checkValue(v *schema.Vector, row int, c schema.Column) error {
	switch {
	case v.Null(row) && c.Required:
		return errors.New("a key is null")
	case v.Null(row) || v.Kind != schema.String:
		return nil
	case !utf8.Valid(v.Text(row)):
		return errors.New("text is not valid UTF-8")
	case c.Name == schema.Rescued && c.Path == "" && !isObject(v.Text(row)):
		return errors.New("text is not a JSON object")
	}
	return nil
}

func isObject(text []byte) bool {
	value := jsontext.Value(text)
	return value.Kind() == '{' && value.IsValid(jsontext.AllowDuplicateNames(true))
}
