package terminal

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"mailerlake/schema"
)

// WriteSchemaMarkdown writes tables as a Markdown document: one table of all tables, then a section for each with every column.
func WriteSchemaMarkdown(w io.Writer, tables []TableSchema) error {
	b := &strings.Builder{}
	writeRow(b, "table", "key", "source", "requests", "read", "columns of note")
	writeRow(b, "---", "---", "---", "---", "---", "---")
	for _, t := range tables {
		writeRow(b, code(t.Name), code(strings.Join(t.declared.Key, ", ")), t.words.source, t.words.requests, t.words.read, notesOf(t.declared))
	}
	for _, t := range tables {
		t.writeSection(b)
	}
	return flush(w, b)
}

// writeSection writes all about one table.
func (t TableSchema) writeSection(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", Clean(t.Name), Clean(t.About))
	fmt.Fprintf(b, "- Key: %s\n- Source: %s\n- Requests: %s\n- Read: %s\n", code(Clean(strings.Join(t.Key, ", "))), t.words.source, t.words.requests, t.words.read)
	for _, r := range t.References {
		fmt.Fprintf(b, "- %s refers to %s%s\n", code(strings.Join(append(r.Within, r.Column), ", ")), code(r.Table), ifLoose(r))
	}
	t.writeLists(b)
	if t.declared.Optional {
		b.WriteString("- An account may lack it.\n")
	}
	b.WriteString("\n")
	writeRow(b, "column", "type", "meaning")
	writeRow(b, "---", "---", "---")
	for _, c := range t.Columns {
		meaning := c.Meaning
		if c.Only != "" {
			meaning += "; only with " + code(c.Only)
		}
		writeRow(b, code(Clean(c.Name)), kind(c.Column), Clean(meaning))
	}
}

// writeLists writes in full what the words about a list leave out: the parameters of its walks, and the columns in which the
// parent has to change.
func (t TableSchema) writeLists(b *strings.Builder) {
	list, ok := t.declared.Source.(*schema.List)
	if !ok {
		return
	}
	var walks []string
	for _, w := range list.Walks {
		if len(w.Params) > 0 {
			asked, _ := url.QueryUnescape(w.Params.Encode())
			walks = append(walks, code(asked))
		}
	}
	if len(walks) > 0 {
		fmt.Fprintf(b, "- Asked for with %s\n", strings.Join(walks, ", "))
	}
	if len(list.Still) > 0 {
		fmt.Fprintf(b, "- Not read again while these columns of %s stand still: %s\n", code(list.Per.Table), code(strings.Join(list.Still, "`, `")))
	}
}

func ifLoose(r ReferenceSchema) string {
	if r.Loose {
		return ", which may not have the row any more"
	}
	return ""
}

// writeRow writes a row of a Markdown table.
func writeRow(b *strings.Builder, cells ...string) {
	for _, cell := range cells {
		b.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
	}
	b.WriteString("|\n")
}
