package terminal

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/schema"
)

const (
	// shownChanges is how many rows of a table are shown.
	shownChanges = 5
	// changeColumns is how many columns are shown of them, beside the key.
	changeColumns = 4
	// cellWidth cuts the values.
	cellWidth = 24
)

// ChangesTable shows changed rows to people: of each table how many, and the first ones, cut to a width.
type ChangesTable struct {
	out    io.Writer
	paint  paint
	tables []*changedTable
}

// changedTable is what is shown of a table.
type changedTable struct {
	name    string
	columns []int // shown
	counts  export.TableChanges
	cells   [][]string // the first line names the columns
}

// NewChangesTable returns a ChangesTable that is written to out at its end.
func NewChangesTable(out io.Writer) *ChangesTable {
	return &ChangesTable{out: out, paint: paintOf(out)}
}

// Begin begins a table.
func (t *ChangesTable) Begin(state *dataset.TableState, _ int64) error {
	c := &changedTable{name: state.Name}
	head, others := []string{""}, 0
	for i, column := range state.Columns {
		key := slices.Contains(state.Key, column.Name)
		own := column.Name == schema.Rescued || column.Name == schema.SyncedAt
		if !key && (own || others == changeColumns) {
			continue
		}
		if !key {
			others++
		}
		c.columns, head = append(c.columns, i), append(head, Clean(column.Name))
	}
	c.cells = [][]string{head}
	t.tables = append(t.tables, c)
	return nil
}

// Rows takes rows of the table that was begun last.
func (t *ChangesTable) Rows(changed *feed.Changed) error {
	c := t.tables[len(t.tables)-1]
	for row, kind := range changed.Kinds {
		c.counts.Count(kind)
		if len(c.cells) > shownChanges {
			continue
		}
		cells := []string{"  " + t.paint.sign(signs[kind])}
		for _, i := range c.columns {
			cells = append(cells, cell(changed.Rows.Vectors[i], row))
		}
		c.cells = append(c.cells, cells)
	}
	return nil
}

// signs stand for what happened to a row, as in a plan.
var signs = map[feed.Kind]string{feed.Insert: "+", feed.Update: "~", feed.Delete: "-"}

// cell returns a value as one short line, empty for null.
func cell(v *schema.Vector, row int) string {
	if v == nil || v.Null(row) {
		return ""
	}
	text := ""
	switch v.Kind {
	case schema.String:
		text = Clean(string(v.Text(row)))
	case schema.Double:
		text = fmt.Sprint(v.Float(row))
	case schema.Bool:
		text = fmt.Sprint(v.Int(row) != 0)
	case schema.Timestamp:
		text = time.UnixMicro(v.Int(row)).UTC().Format("2006-01-02 15:04:05")
	case schema.Date:
		text = time.Unix(v.Int(row)*86400, 0).UTC().Format(time.DateOnly)
	default:
		text = fmt.Sprint(v.Int(row))
	}
	if runes := []rune(text); len(runes) > cellWidth {
		return string(runes[:cellWidth-3]) + "..."
	}
	return text
}

// End writes what is shown.
func (t *ChangesTable) End() error {
	b := &strings.Builder{}
	for _, c := range t.tables {
		if c.counts.Rows() == 0 {
			continue
		}
		fmt.Fprintf(b, "%s %s\n", t.paint.heading(c.name+":"), changeCounts(c.counts, t.paint))
		for _, line := range align(fitting(c.cells, widthOf(t.out))) {
			fmt.Fprintf(b, "%s\n", line)
		}
		if more := c.counts.Rows() - int64(len(c.cells)-1); more > 0 {
			fmt.Fprintf(b, "  and %s more\n", number(more))
		}
		b.WriteString("\n")
	}
	return flush(t.out, b)
}

// changeCounts writes how many rows changed.
func changeCounts(c export.TableChanges, p paint) string {
	return fmt.Sprintf("%s added, %s changed, %s deleted", p.signed("+", c.Inserted, 0), p.signed("~", c.Updated, 0), p.signed("-", c.Deleted, 0))
}

// WriteChanges sums up what changed, in one line.
func WriteChanges(w io.Writer, c *export.Changes) error {
	var sum export.TableChanges
	tables := int64(0)
	for _, t := range c.Tables {
		sum.Inserted, sum.Updated, sum.Deleted = sum.Inserted+t.Inserted, sum.Updated+t.Updated, sum.Deleted+t.Deleted
		if t.Rows() > 0 {
			tables++
		}
	}
	b := &strings.Builder{}
	switch {
	case tables == 0:
		fmt.Fprintf(b, "No changes since snapshot %d.", c.Since)
	default:
		fmt.Fprintf(b, "Changes from snapshot %d to %d: %s in %s.", c.Since, c.Snapshot, changeCounts(sum, paintOf(w)), count(tables, "table"))
	}
	fmt.Fprintf(b, " Next time: --since %d\n", c.Snapshot)
	return flush(w, b)
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
