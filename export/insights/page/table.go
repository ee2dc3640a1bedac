package page

import "strconv"

// col is a column of a table of figures.
type col struct {
	head  string
	right bool // numbers
	bar   bool // a bar, whose name heads no column
}

// texts, numbers and bars are columns.
func texts(head string) col   { return col{head: head} }
func numbers(head string) col { return col{head: head, right: true} }
func bars(head string) col    { return col{head: head, bar: true} }

func (c col) class() attrs {
	switch {
	case c.right:
		return class("num")
	case c.bar:
		return class("bar")
	}
	return nil
}

// wideTable is how many columns fit on a narrow screen with their bars.
const wideTable = 5

// table makes a table of rows, each with a cell (a text or a node) for every column.
func table(cols []col, rows [][]any) *node {
	head := el("tr", nil)
	for _, c := range cols {
		head.add(el("th", append(attrs{"scope", "col"}, c.class()...), c.head))
	}
	body := el("tbody", nil)
	for _, row := range rows {
		tr := el("tr", nil)
		for i, cell := range row {
			kind := "td"
			if i == 0 {
				kind = "th"
			}
			a := cols[i].class()
			if i == 0 {
				a = append(attrs{"scope", "row"}, a...)
			}
			tr.add(el(kind, a, cell))
		}
		body.add(tr)
	}
	var a attrs
	if len(cols) > wideTable {
		a = class("many")
	}
	return el("div", class("scroll"), el("table", a, el("thead", nil, head), body))
}

// bar draws a part of a whole as a bar; color is one of the page's.
func bar(part, whole float64, color string) *node {
	width := 0.0
	if whole > 0 && part > 0 {
		width = max(0.6, min(100, 100*part/whole))
	}
	return el("svg", attrs{"class", "hbar", "viewBox", "0 0 100 10", "preserveAspectRatio", "none", "aria-hidden", "true"},
		el("rect", attrs{"class", "track", "width", "100", "height", "10"}),
		el("rect", attrs{"class", color, "width", fixed(width), "height", "10"}))
}

// fixed writes a coordinate.
func fixed(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// details hides a table until it is asked for, or printed.
func details(summary string, content ...any) *node {
	return el("details", nil, el("summary", nil, summary)).add(content...)
}
