package terminal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/progress"
)

const (
	// mostTables is how many tables are shown at a time.
	mostTables = 10
	// otherLines is how many lines are shown beside them, at most.
	otherLines = 5
	// widestFrame is the greatest width of the lines: what stands far apart is hard to read.
	widestFrame = 100
	barWidth    = 30
)

// frame returns the live lines of a run, as many and as wide as the terminal has room for.
func frame(s progress.State, width, height int, p paint) []string {
	width = min(width-1, widestFrame)
	var lines []string
	if reading(s) {
		lines = tableLinesOf(s, width, max(1, min(mostTables, height-otherLines)))
		if line := others(s, width); line != "" {
			lines = append(lines, p.aside(line))
		}
	}
	for _, t := range s.Transfers {
		if t.Share < 1 {
			lines = append(lines, transferLine(t, width))
		}
	}
	lines = append(lines, barLine(s, width, p))
	if line := status(s, width, p); line != "" {
		lines = append(lines, line)
	}
	if over := len(lines) - max(height-1, 1); over > 0 {
		lines = lines[over:]
	}
	return lines
}

// reading reports whether tables are being read.
func reading(s progress.State) bool { return s.Phase == export.Reading }

// liveCells are the cells of a table's line.
type liveCells struct{ name, share, amount, rate, left string }

// layouts are the cells that are shown, the more the wider the terminal is.
var layouts = []func(liveCells) []string{
	func(c liveCells) []string { return []string{c.name, c.share, c.amount, c.rate, c.left} },
	func(c liveCells) []string { return []string{c.name, c.share, c.amount, c.left} },
	func(c liveCells) []string { return []string{c.name, c.share, c.left} },
	func(c liveCells) []string { return []string{c.name, c.share} },
}

// tableLinesOf returns the lines of the tables that are being read.
func tableLinesOf(s progress.State, width, most int) []string {
	var cells []liveCells
	for _, t := range s.Tables {
		if t.Stage == progress.Reading && len(cells) < most {
			cells = append(cells, cellsOf(t))
		}
	}
	for _, layout := range layouts {
		rows := make([][]string, len(cells))
		for i, c := range cells {
			rows[i] = layout(c)
		}
		widths := columnWidths(rows)
		sum := 2 * (len(widths) - 1)
		for _, w := range widths {
			sum += w
		}
		if sum <= width {
			return lined(rows, widths)
		}
	}
	lines := make([]string, len(cells))
	for i, c := range cells {
		lines[i] = cut(c.name+" "+c.share, width)
	}
	return lines
}

// lined joins cells to lines, all but the first and the last column aligned to the right.
func lined(rows [][]string, widths []int) []string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for c, cell := range row {
			if c > 0 {
				b.WriteString("  ")
			}
			b.WriteString(pad(cell, widths[c], c > 0 && (c < 3 || c < len(row)-1)))
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

func cellsOf(t progress.Table) liveCells {
	c := liveCells{name: Clean(t.Name), share: percent(t.Share), amount: amount(t)}
	if t.RowsPerSecond >= 1 { // a slower one can be read off the count of rows
		c.rate = number(int64(t.RowsPerSecond)) + "/s"
	}
	if t.Left > 0 {
		c.left = span(t.Left) + " left"
	}
	return c
}

// percent writes a share, empty if it is not known. Only what is done is 100 %.
func percent(share float64) string {
	if share < 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", int(share*100+1e-9))
}

// amount says how many rows of a table were read, and of how many.
func amount(t progress.Table) string {
	switch {
	case t.Lists > 0:
		return fmt.Sprintf("%s, %s of %s", count(t.Rows, "row"), number(t.ListsRead), count(t.Lists, "list"))
	case t.Of > 0:
		return fmt.Sprintf("%s of %s", number(t.Rows), about(t))
	}
	return count(t.Rows, "row")
}

// about says how many rows a table has, with a tilde if that is an estimate.
func about(t progress.Table) string {
	if t.Rough {
		return "~" + count(t.Of, "row")
	}
	return count(t.Of, "row")
}

// others says how many tables were read, and which come next.
func others(s progress.State, width int) string {
	line := fmt.Sprintf("%d of %s read", s.Read(), count(int64(len(s.Tables)), "table"))
	sep := "; next: "
	for _, t := range s.Tables {
		if t.Stage != progress.Waiting {
			continue
		}
		next := line + sep + Clean(t.Name)
		if t.Of > 0 {
			next += " (" + about(t) + ")"
		}
		if columns(next) > width-len(", ...") {
			return cut(line+sep+"...", width)
		}
		line, sep = next, ", "
	}
	return cut(line, width)
}

// transferLine shows how a transfer is going, and the less of it the narrower the terminal is.
func transferLine(t progress.Transfer, width int) string {
	share, rate, left := percent(t.Share), "", ""
	if t.BytesPerSecond >= 1 {
		rate = "  " + size(int64(t.BytesPerSecond)) + "/s"
	}
	if t.Left > 0 {
		left = "  " + span(t.Left) + " left"
	}
	name, amount := Clean(t.Destination), "  "+transferred(t)
	for _, text := range []string{share + amount + rate + left, share + amount + left, share + left} {
		if line := name + "  " + text; columns(line) <= width {
			return line
		}
	}
	return cut(share+left+"  "+name, width)
}

func transferred(t progress.Transfer) string {
	return number(int64(t.Done.Objects)) + " of " + count(int64(t.Of.Objects), "object") + ", " + size(t.Done.Bytes) + " of " + size(t.Of.Bytes)
}

// barLine shows the share of the run that is done, and how long it takes.
func barLine(s progress.State, width int, p paint) string {
	share, words := overall(s), []string{}
	if share >= 0 && reading(s) {
		words = append(words, percent(share))
	}
	if reading(s) && s.Left > 0 {
		words = append(words, span(s.Left)+" left")
	}
	words = append(words, span(s.Elapsed.Truncate(time.Second))+" so far")
	text := strings.Join(words, ", ")
	if room := min(barWidth, width-columns(text)-4); share >= 0 && room >= 5 {
		return bar(share, room, p) + "  " + text
	}
	return cut(text, width)
}

// overall is the share to show in the bar: of what is read, or of the tables that the phase is done with.
func overall(s progress.State) float64 {
	switch {
	case reading(s):
		return s.Share
	case s.Steps > 0:
		return float64(s.Step) / float64(s.Steps)
	}
	return progress.Unknown
}

func bar(share float64, width int, p paint) string {
	full := int(share * float64(width))
	head := ""
	if full < width {
		head = ">"
	}
	return "[" + p.done(strings.Repeat("=", full)+head) + strings.Repeat(" ", width-full-len(head)) + "]"
}

// status says what the run is doing, and what it waits for.
func status(s progress.State, width int, p paint) string {
	text, wait := doing(s), waiting(s)
	if wait == "" {
		return cut(text, width)
	}
	if text != "" {
		wait = ", " + wait
	}
	if columns(text+wait) > width { // the wait is what people look for
		return p.warning(cut(strings.TrimPrefix(wait, ", "), width))
	}
	return text + p.warning(wait)
}

// doing says what the run is doing.
func doing(s progress.State) string {
	switch {
	case s.Phase == export.Counting:
		return "asking how much there is to read"
	case reading(s) && s.Usage.PerMinute > 0:
		return fmt.Sprintf("%s of %s in the last minute", number(int64(s.Usage.Requests)), count(int64(s.Usage.PerMinute), "request"))
	case reading(s):
		return count(s.Requests, "request")
	case s.Table != "":
		return fmt.Sprintf("%s %s, %d of %s", s.Phase, Clean(s.Table), s.Step+1, count(int64(s.Steps), "table"))
	}
	return string(s.Phase)
}

func waiting(s progress.State) string {
	switch {
	case s.Wait == nil || s.Wait.Left < time.Second:
		return ""
	case s.Wait.Reason == client.WaitRate:
		return "waiting " + span(s.Wait.Left) + " for the rate limit"
	}
	return "trying again in " + span(s.Wait.Left)
}

// readTables names the tables that are being read, with their shares.
func readTables(s progress.State) (names []string) {
	for _, t := range s.Tables {
		if t.Stage != progress.Reading {
			continue
		}
		name := Clean(t.Name)
		if t.Share >= 0 {
			name += " " + percent(t.Share)
		}
		names = append(names, name+" ("+amount(t)+")")
	}
	return slices.Clip(names)
}
