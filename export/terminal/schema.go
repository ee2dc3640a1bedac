package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// TableSchema is the shape of one table.
type TableSchema struct {
	Name    string          `json:"name"`
	Key     []string        `json:"key"`
	Columns []schema.Column `json:"columns"`
}

// Schema returns the shape of every table, as m has it or, for a table that m lacks, as it is declared. m may be nil.
func Schema(catalog *schema.Catalog, m *dataset.Manifest) []TableSchema {
	var all []TableSchema
	for _, t := range catalog.Tables() {
		if state := m.Table(t.Name); state != nil {
			all = append(all, TableSchema{state.Name, state.Key, state.Columns})
			continue
		}
		layout, _ := schema.Fix(t, nil, nil, nil)
		all = append(all, TableSchema{t.Name, t.Key, layout.Columns})
	}
	return all
}

// WriteSchema writes tables as text, a line per column: its name, its type, and its path in the API's records.
func WriteSchema(w io.Writer, tables []TableSchema) error {
	b := &strings.Builder{}
	for i, t := range tables {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "%s (key %s)\n", Clean(t.Name), Clean(strings.Join(t.Key, ", ")))
		rows := make([][]string, len(t.Columns))
		for i, c := range t.Columns {
			rows[i] = []string{Clean(c.Name), kind(c), Clean(c.Path)}
		}
		for _, line := range align(rows) {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
	return flush(w, b)
}

func kind(c schema.Column) string {
	if c.JSON {
		return c.Kind.String() + " (JSON)"
	}
	return c.Kind.String()
}
