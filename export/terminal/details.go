package terminal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"mailerlake/client"
	"mailerlake/export"
)

// Beyond these numbers, columns are counted and not named.
const (
	maxChanged = 5
	maxNew     = 20
)

// details returns the lines to show below a table's line, problems last.
func details(t export.TableReport, p paint) (lines []string) {
	for _, line := range remarks(t) {
		lines = append(lines, Clean(line))
	}
	paint := p.warning
	if t.Err != nil {
		paint = p.failure
	}
	for _, line := range Problems(t) {
		lines = append(lines, paint(Clean(line)))
	}
	return lines
}

// remarks returns what is of note about a table.
func remarks(t export.TableReport) []string {
	if t.Unavailable != "" && t.Err == nil {
		return []string{"the account does not have it: " + Clean(t.Unavailable)}
	}
	if t.TablePlan == nil {
		return nil
	}
	var lines []string
	if !t.New {
		lines = newColumns(t.TablePlan)
	}
	if len(t.Changed) > 0 {
		lines = append(lines, "changed: "+changedColumns(t.Changed))
	}
	if t.Lists != nil && t.Lists.Still > 0 {
		lines = append(lines, fmt.Sprintf("read %s of %s; the others stood still (--full reads all)",
			number(t.Lists.Read), count(t.Lists.Read+t.Lists.Still, "list")))
	}
	if t.Rescued > 0 {
		lines = append(lines, count(t.Rescued, "value")+" did not fit "+verb(t.Rescued, "its column; it is", "their columns; they are")+" kept in _rescued")
	}
	for _, path := range t.RebuiltParts {
		lines = append(lines, "rebuilt "+path)
	}
	if t.Rebuilt > 0 {
		lines = append(lines, "what was stored of "+count(t.Rebuilt, "row")+" could not be read: "+verb(t.Rebuilt, "its", "their")+" _synced_at is new")
	}
	return lines
}

func newColumns(p *export.TablePlan) []string {
	var lines []string
	for _, c := range p.NewColumns[:min(len(p.NewColumns), maxNew)] {
		lines = append(lines, fmt.Sprintf("new column %s %s", c.Name, c.Kind))
	}
	if more := len(p.NewColumns) - maxNew; more > 0 {
		lines = append(lines, number(int64(more))+" more new "+plural(int64(more), "column"))
	}
	for _, c := range p.Widened {
		lines = append(lines, fmt.Sprintf("type of column %s changed: it is %s now", c.Name, c.Kind))
	}
	return lines
}

// changedColumns names the columns in which rows changed, most rows first.
func changedColumns(changed map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(changed), func(a, b string) int {
		return cmp.Or(cmp.Compare(changed[b], changed[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(len(names), maxChanged)] {
		parts = append(parts, name+" "+number(changed[name]))
	}
	if more := len(names) - maxChanged; more > 0 {
		parts = append(parts, "and "+number(int64(more))+" more")
	}
	return strings.Join(parts, ", ")
}

// Problems returns a line for each thing that was left undone in a table: why, and what to do about it.
func Problems(t export.TableReport) []string {
	switch {
	case t.Err != nil:
		return []string{Clean(t.Err.Error()) + ifRetryHelps(t.Err)}
	case t.Unavailable != "":
		return nil
	case t.TablePlan == nil:
		return []string{"not reached" + nextRun}
	}
	var lines []string
	if t.Incomplete != "" {
		lines = append(lines, "incomplete: "+Clean(t.Incomplete)+kept(t.TablePlan)+nextRun)
	}
	if t.Withheld != "" && t.Withheld != t.Incomplete {
		lines = append(lines, withheld(t.TablePlan))
	}
	if len(lines) == 0 && t.Unproven > 0 {
		lines = append(lines, count(t.Unproven, "row")+" not met and not proven deleted "+verb(t.Unproven, "is", "are")+" kept")
	}
	return lines
}

const nextRun = "; the next run tries again"

// kept says how many rows an incomplete scan leaves as they are.
func kept(p *export.TablePlan) string {
	if p.Unproven == 0 || p.Withheld != "" && p.Withheld != p.Incomplete { // then they are the withheld deletes
		return ""
	}
	return "; " + count(p.Unproven, "row") + " not met " + verb(p.Unproven, "is", "are") + " kept"
}

func withheld(p *export.TablePlan) string {
	line := "deletes withheld: " + Clean(p.Withheld)
	if p.Unproven > 0 {
		line = count(p.Unproven, "delete") + " withheld: " + Clean(p.Withheld)
	}
	if strings.Contains(p.Withheld, "--yes") { // another run alone would not help
		return line
	}
	return line + nextRun
}

// ifRetryHelps returns the hint to run again for errors that may not recur.
func ifRetryHelps(err error) string {
	if temporary(err) {
		return nextRun
	}
	return ""
}

// temporary reports whether an error comes from the network or from a server in trouble.
func temporary(err error) bool {
	if answer, ok := errors.AsType[*client.Error](err); ok {
		return answer.Hint == "" && (answer.Status >= 500 || answer.Status == http.StatusTooManyRequests) // else the hint is in the text
	}
	if body, ok := errors.AsType[*client.BodyError](err); ok {
		return !body.TooLarge && !body.TooDeep
	}
	_, connection := errors.AsType[*net.OpError](err) // not net.Error: file errors match it too
	_, name := errors.AsType[*net.DNSError](err)
	return connection || name || errors.Is(err, client.ErrTimeout) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
