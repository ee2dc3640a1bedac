package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
	"mailerlake/export/cost"
)

// Check writes what an account holds and about what it costs to export it, first and next time: a line per table, then the sets
// of tables.
func Check(w io.Writer, c *export.Check) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "The key works. It opens account %s%s.\n%s\n\n", Clean(c.Account), inBrackets(c.Name), budget(c))
	rows := [][]string{{"", "", "first:", "", "", "next:", "", ""}, {"table", "rows", "requests", "units", "minutes", "requests", "units", "minutes"}}
	for _, t := range c.Tables {
		rows = append(rows, checked(t))
	}
	rows = append(rows, nil)
	for _, s := range c.Sets {
		rows = append(rows, append([]string{Clean(s.Name), ""}, costCells(s.First, s.Next)...))
	}
	lines := align(rows, 1, 2, 3, 4, 5, 6, 7)
	for i, line := range lines {
		b.WriteString(strings.TrimRight("  "+line, " ") + "\n")
		if t := i - 2; t >= 0 && t < len(c.Tables) {
			for _, detail := range checkDetails(c.Tables[t]) {
				fmt.Fprintf(b, "      %s\n", Clean(detail))
			}
		}
	}
	fmt.Fprintf(b, "\n%s\nThe check took %s.\n", chosen(c), count(c.Requests, "request"))
	return flush(w, b)
}

// budget says what the rate limit is, and what a run uses of it.
func budget(c *export.Check) string {
	switch {
	case c.Limit == 0 && c.Rate == 0:
		return "The server does not state a rate limit."
	case c.Limit == 0:
		return fmt.Sprintf("The server does not state a rate limit; a run stays under %s a minute.", count(int64(c.Rate), "request"))
	}
	if c.Rate == c.Limit {
		return fmt.Sprintf("The rate limit is %s a minute; a run uses all of it.", count(int64(c.Limit), "request"))
	}
	return fmt.Sprintf("The rate limit is %s a minute; a run stays under %s.", count(int64(c.Limit), "request"), number(int64(c.Rate)))
}

// checked returns the cells of a table's line. Tables that come with others cost nothing.
func checked(t export.TableCheck) []string {
	name, rows := Clean(t.Name), ""
	if t.Rows != nil {
		rows = number(*t.Rows)
	}
	switch {
	case t.Unavailable != "" || t.Err != nil:
		return []string{name} // the line below says why
	case t.First.Requests == 0:
		return []string{name, rows, "-", "-", "-", "-", "-", "-"}
	}
	return append([]string{name, rows}, costCells(t.First, t.Next)...)
}

func costCells(first, next export.Cost) []string {
	return []string{number(first.Requests), number(first.Units), minutes(first.Seconds / 60), number(next.Requests), number(next.Units), minutes(next.Seconds / 60)}
}

// minutes writes minutes, to a tenth.
func minutes(m float64) string {
	switch {
	case m == 0:
		return "0"
	case m < 0.1:
		return "< 0.1"
	case m < 100:
		return fmt.Sprintf("%.1f", m)
	}
	return number(int64(m + 0.5))
}

// checkDetails returns the lines to show below a table's line.
func checkDetails(t export.TableCheck) []string {
	switch {
	case t.Unavailable != "":
		return []string{"not available: " + t.Unavailable}
	case t.Err != nil:
		return []string{"not known: " + t.Err.Error()}
	case len(t.Parts) > 0:
		return []string{parts(t.Parts)}
	}
	return nil
}

// parts lists the rows of a table by status or kind: "active 1,200, bounced 3".
func parts(of []cost.Part) string {
	var all []string
	for _, p := range of {
		all = append(all, Clean(p.Name)+" "+number(p.Rows))
	}
	return strings.Join(all, ", ")
}

// chosen says what the next export of the chosen tables is estimated by.
func chosen(c *export.Check) string {
	by := "as if one list in twenty had moved"
	if c.Exported {
		by = "by what has moved since " + argument(c.Dataset) + " was exported"
	}
	chosen := c.Sets[len(c.Sets)-1]
	return fmt.Sprintf("A first export of the %s chosen takes about %s, which are %s of the rate limit;\nthe next one about %s, %s, %s.",
		count(int64(len(chosen.Tables)), "table"), count(chosen.First.Requests, "request"), count(chosen.First.Units, "unit"),
		count(chosen.Next.Requests, "request"), count(chosen.Next.Units, "unit"), by)
}
