package terminal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mailerlake/export"
)

// wording is how a result speaks: a plan of what would be, a report of what was.
type wording struct {
	added, changed, deleted string
	wrote, failed           string
}

var (
	planned = wording{"to add", "to change", "to delete", "writes", "not planned"}
	done    = wording{"added", "changed", "deleted", "wrote", "not exported"}
)

// Plan writes what a commit of a plan would change, a line a table and a last line that counts.
func Plan(w io.Writer, r *export.Report) error {
	b := lines(r, planned)
	sum, tables := total(r)
	if tables == 0 {
		b.WriteString(nothing(r))
		return flush(w, b)
	}
	fmt.Fprintf(b, "\nPlan: %s in %s.\n", sum.say(planned, sum), count(tables, "table"))
	fmt.Fprintf(b, "To commit exactly this: mailerlake export --planned --out %s\n", argument(r.Dataset))
	return flush(w, b)
}

// Report writes what an export did, a line a table and a last line that counts.
func Report(w io.Writer, r *export.Report) error {
	b := lines(r, done)
	sum, tables := total(r)
	if tables == 0 {
		b.WriteString(nothing(r))
		fmt.Fprintf(b, "%s\n", strings.Join(effort(r), "; "))
		return flush(w, b)
	}
	said := append([]string{sum.say(done, sum) + " in " + count(tables, "table")}, effort(r)...)
	fmt.Fprintf(b, "\nExported: %s\n", strings.Join(said, "; "))
	return flush(w, b)
}

func flush(w io.Writer, b *strings.Builder) error {
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// nothing says that nothing changes; that dataset and account match, only if nothing was left undone.
func nothing(r *export.Report) string {
	if r.Failed() {
		return "\nNo changes.\n"
	}
	return "\nNo changes. The dataset matches the account.\n"
}

// effort says what a run committed and what it took.
func effort(r *export.Report) []string {
	var said []string
	if r.Snapshot > 0 {
		said = append(said, "snapshot "+number(r.Snapshot))
	}
	said = append(said, size(r.BytesWritten)+" written")
	if r.Requests > 0 { // none for a planned scan
		said = append(said, fmt.Sprintf("%s, %s, %.1f s waited", count(r.Requests, "request"), count(r.Retries, "retry"), r.Waited))
	}
	return said
}

// tally counts changed rows.
type tally struct {
	added, changed, deleted int64
	fresh                   bool // all of them are in tables that the dataset did not have
}

func tallyOf(p *export.TablePlan) tally {
	return tally{p.Inserted, p.Updated, p.Deleted, p.New}
}

// say words a tally; the numbers take the width of those in widest.
func (t tally) say(as wording, widest tally) string {
	if t.fresh {
		return count(t.added, "row") + " " + as.added
	}
	pad := func(n, widest int64) string { return fmt.Sprintf("%*s", len(number(widest)), number(n)) }
	return fmt.Sprintf("+ %s %s, ~ %s %s, - %s %s", pad(t.added, widest.added), as.added,
		pad(t.changed, widest.changed), as.changed, pad(t.deleted, widest.deleted), as.deleted)
}

// total sums up the tables that change, and counts them.
func total(r *export.Report) (sum tally, tables int64) {
	sum.fresh = true
	for _, t := range r.Tables {
		if t.Err != nil || t.TablePlan == nil || t.Empty() {
			continue
		}
		tables++
		sum.added += t.Inserted
		sum.changed += t.Updated
		sum.deleted += t.Deleted
		sum.fresh = sum.fresh && t.New
	}
	return sum, tables
}

// lines writes a line for every table, with what there is to say about it below.
func lines(r *export.Report, as wording) *strings.Builder {
	var widest tally
	for _, t := range r.Tables {
		if t.TablePlan != nil && !t.New {
			widest.added, widest.changed, widest.deleted = max(widest.added, t.Inserted), max(widest.changed, t.Updated), max(widest.deleted, t.Deleted)
		}
	}
	rows := make([][]string, len(r.Tables))
	for i, t := range r.Tables {
		rows[i] = []string{Clean(t.Name), changes(t, as, widest), "(" + remark(t, as) + ")"}
	}
	b := &strings.Builder{}
	for i, line := range align(rows) {
		fmt.Fprintf(b, "  %s\n", line)
		for _, detail := range details(r.Tables[i], as) {
			fmt.Fprintf(b, "      %s\n", Clean(detail))
		}
	}
	return b
}

func changes(t export.TableReport, as wording, widest tally) string {
	switch {
	case t.Err != nil || t.TablePlan == nil:
		return as.failed
	case t.New || t.Inserted+t.Updated+t.Deleted > 0:
		return tallyOf(t.TablePlan).say(as, widest)
	}
	return "no changes"
}

func remark(t export.TableReport, as wording) string {
	rows := count(t.Rows, "row")
	switch {
	case t.Err != nil || t.TablePlan == nil:
		return "keeps its " + rows
	case t.New:
		return count(int64(t.PartsTotal), "part")
	case t.PartsWritten == 0:
		return rows
	}
	return fmt.Sprintf("%s; %s %s of %s", rows, as.wrote, number(int64(t.PartsWritten)), count(int64(t.PartsTotal), "part"))
}

// Beyond these numbers, columns are counted and not named.
const (
	maxChanged = 5
	maxNew     = 20
)

// details says what a table's line has no room for, problems last and with what to do about them.
func details(t export.TableReport, as wording) []string {
	if t.TablePlan == nil {
		return Problems(t)
	}
	var said []string
	if !t.New {
		said = newColumns(t.TablePlan)
	}
	if len(t.Changed) > 0 {
		said = append(said, "changed: "+changedColumns(t.Changed))
	}
	if t.Rescued > 0 {
		said = append(said, count(t.Rescued, "value")+" did not fit "+verb(t.Rescued, "its column; it is", "their columns; they are")+" kept in _rescued")
	}
	for _, path := range t.Rebuilt {
		said = append(said, "rebuilt "+path)
	}
	return append(said, Problems(t)...)
}

func newColumns(p *export.TablePlan) []string {
	var said []string
	for _, c := range p.NewColumns[:min(len(p.NewColumns), maxNew)] {
		said = append(said, fmt.Sprintf("new column %s %s", c.Name, c.Kind))
	}
	if more := len(p.NewColumns) - maxNew; more > 0 {
		said = append(said, number(int64(more))+" more new "+plural(int64(more), "column"))
	}
	return said
}

// changedColumns names the columns in which rows changed, most first.
func changedColumns(changed map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(changed), func(a, b string) int {
		return cmp.Or(cmp.Compare(changed[b], changed[a]), cmp.Compare(a, b))
	})
	var said []string
	for _, name := range names[:min(len(names), maxChanged)] {
		said = append(said, name+" "+number(changed[name]))
	}
	if more := len(names) - maxChanged; more > 0 {
		said = append(said, "and "+number(int64(more))+" more")
	}
	return strings.Join(said, ", ")
}

// Problems says what of a table was left undone, why, and what to do about it; nil if nothing was.
func Problems(t export.TableReport) []string {
	switch {
	case t.Err != nil:
		return []string{said(t.Err)}
	case t.TablePlan == nil:
		return []string{"not reached; run the same command again"}
	case t.Withheld == "" && t.Unproven == 0:
		return nil
	case t.Withheld == "":
		return []string{count(t.Unproven, "row") + " not met and not proven gone " + verb(t.Unproven, "stays", "stay")}
	case t.Unproven == 0:
		return []string{"scan incomplete, no row would be deleted: " + Clean(t.Withheld) + again(t.Withheld)}
	}
	return []string{count(t.Unproven, "delete") + " withheld: " + Clean(t.Withheld) + again(t.Withheld)}
}

// said gives an error, with what to do about it unless it says that itself.
func said(err error) string {
	var part *export.PartError
	if errors.As(err, &part) {
		return Clean(err.Error())
	}
	return Clean(err.Error()) + "; what was fetched stays, run the same command again"
}

// again says what to do about withheld deletes, unless the reason does.
func again(why string) string {
	if strings.Contains(why, "--yes") {
		return ""
	}
	return "; the next run looks again"
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// align pads the cells of each column to one width, on the left in the columns numbered in right.
// No line ends in spaces.
func align(rows [][]string, right ...int) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			width := -widths[i]
			if slices.Contains(right, i) {
				width = widths[i]
			}
			fmt.Fprintf(&b, "%*s  ", width, cell)
		}
		lines[r] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// argument writes a value so that a shell takes it for one word.
func argument(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(Clean(s), "'", `'\''`) + "'"
}
