package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// TableSchema is the shape of one table, and where its rows come from.
type TableSchema struct {
	Name  string   `json:"name"`
	About string   `json:"about,omitempty"`
	Key   []string `json:"key"`
	// Source, Requests and Read are what wordsOf says, without markup.
	Source     string            `json:"source"`
	Requests   string            `json:"requests"`
	Read       string            `json:"read"`
	References []ReferenceSchema `json:"references"`
	Columns    []ColumnSchema    `json:"columns"`

	declared *schema.Table
	words    tableWords
}

// ReferenceSchema says that a column holds, with those of Within before it, the key of another table's rows.
type ReferenceSchema struct {
	Column string   `json:"column"`
	Within []string `json:"within"`
	Table  string   `json:"table"`
	// Loose references may lead to rows that MailerLite does not list, or not any more.
	Loose bool `json:"loose"`
}

// ColumnSchema is one column and what it means.
type ColumnSchema struct {
	schema.Column
	Meaning string `json:"meaning,omitempty"`
	// Only is the flag without which the table does not have the column.
	Only string `json:"only_with,omitempty"`
}

// Variant is how tables are declared with a flag.
type Variant struct {
	Flag    string
	Catalog *schema.Catalog
}

// Schema returns the shape of every table, as m has it or, for a table that m lacks, as it is declared. m may be nil.
func Schema(catalog *schema.Catalog, m *dataset.Manifest, variants ...Variant) []TableSchema {
	var all []TableSchema
	for _, t := range catalog.Tables() {
		s := TableSchema{Name: t.Name, About: t.About, Key: t.Key, References: []ReferenceSchema{}, declared: t, words: wordsOf(t)}
		for _, r := range t.References {
			s.References = append(s.References, ReferenceSchema{r.Column, r.Within, r.Table, r.Loose})
		}
		layout, _ := schema.Fix(t, nil, nil, nil)
		state := m.Table(t.Name)
		if state != nil {
			s.Key, layout.Columns = state.Key, state.Columns
		}
		s.add(t, layout.Columns, "")
		for _, v := range variants {
			s.vary(v, state == nil)
		}
		s.Source, s.Requests, s.Read = plain(s.words.source), plain(s.words.requests), plain(s.words.read)
		all = append(all, s)
	}
	return all
}

// vary adds what a flag changes: the words and, if they are wanted, more columns.
func (s *TableSchema) vary(v Variant, columns bool) {
	t := v.Catalog.Lookup(s.Name)
	if other := wordsOf(t); other != s.words {
		with := "; with " + code(v.Flag) + " "
		s.words = tableWords{s.words.source + with + other.source, s.words.requests + with + other.requests, s.words.read + with + other.read}
	}
	if !columns {
		return
	}
	for _, c := range t.Columns {
		if !slices.ContainsFunc(s.Columns, func(known ColumnSchema) bool { return known.Name == c.Name }) {
			s.add(t, []schema.Column{c}, v.Flag)
		}
	}
}

func (s *TableSchema) add(t *schema.Table, columns []schema.Column, only string) {
	for _, c := range columns {
		s.Columns = append(s.Columns, ColumnSchema{c, t.Meaning(c), only})
	}
}

func plain(words string) string { return strings.ReplaceAll(words, "`", "") }

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
			rows[i] = []string{Clean(c.Name), kind(c.Column), Clean(c.Path)}
			if c.Only != "" {
				rows[i] = append(rows[i], "only with "+c.Only)
			}
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
