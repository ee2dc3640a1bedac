package part

import (
	"fmt"
	"reflect"

	"github.com/parquet-go/parquet-go"
	parquetencoding "github.com/parquet-go/parquet-go/encoding"

	"mailerlake/schema"
)

// Sizes bound row groups and parts, in rows.
type Sizes struct {
	Group int64 // ends a row group
	Part  int64 // keys that follow a last part of this size open a new part
}

// DefaultSizes are the sizes of every dataset; tests take smaller ones.
var DefaultSizes = Sizes{Group: 65536, Part: 131072}

// Outgrown is the number of rows beyond which a part is cut.
func (s Sizes) Outgrown() int64 { return 8 * s.Part }

const (
	groupBytes = 32 << 20 // of values; ends a row group too
	// pageBytes ends a page. Every column buffers one: larger pages make files 2 % smaller and take 50 MiB more for
	// 80 columns.
	pageBytes = 64 << 10
)

// ordered is a group of columns in declared order; parquet.Group, a map, would sort them by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o *ordered) Fields() []parquet.Field { return o.fields }
func (o *ordered) GoType() reflect.Type    { return reflect.TypeFor[map[string]any]() }

// column is a named leaf.
type column struct {
	parquet.Node
	name string
}

func (c *column) Name() string                      { return c.name }
func (c *column) Value(reflect.Value) reflect.Value { return reflect.Value{} } // rows never go through reflection

// fileSchema returns the Parquet schema of the columns; dictionary says, per column, how its values are encoded.
// No sorting column is declared: rows are in key order, which is not the bytewise order that Parquet would promise.
func fileSchema(table string, columns []schema.Column, dictionary []bool) *parquet.Schema {
	root := &ordered{Group: parquet.Group{}}
	for i, c := range columns {
		node := leaf(c.Kind)
		var enc parquetencoding.Encoding = &parquet.Plain
		if dictionary[i] {
			enc = &parquet.RLEDictionary
		}
		node = parquet.Encoded(node, enc)
		if !c.Required {
			node = parquet.Optional(node)
		}
		node = parquet.FieldID(node, i+1)
		root.Group[c.Name] = node
		root.fields = append(root.fields, &column{Node: node, name: c.Name})
	}
	return parquet.NewSchema(table, root)
}

func leaf(k schema.Kind) parquet.Node {
	switch k {
	case schema.String:
		return parquet.String()
	case schema.Int64:
		return parquet.Int(64)
	case schema.Double:
		return parquet.Leaf(parquet.DoubleType)
	case schema.Bool:
		return parquet.Leaf(parquet.BooleanType)
	case schema.Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case schema.Date:
		return parquet.Date()
	}
	panic(fmt.Sprintf("no Parquet type for columns of %v", k)) // layouts never hold another kind
}

// checkSchema reports how the schema of a file differs from the columns it should have.
func checkSchema(got *parquet.Schema, columns []schema.Column) error {
	fields := got.Fields()
	if len(fields) != len(columns) {
		return fmt.Errorf("%d columns instead of %d", len(fields), len(columns))
	}
	for i, c := range columns {
		f := fields[i]
		if f.Name() != c.Name {
			return fmt.Errorf("column %d is %q instead of %q", i+1, f.Name(), c.Name)
		}
		want := leaf(c.Kind)
		if !f.Leaf() || f.Repeated() || f.Type().String() != want.Type().String() || f.Optional() == c.Required {
			return fmt.Errorf("column %q is not %v", c.Name, c.Kind)
		}
	}
	return nil
}
