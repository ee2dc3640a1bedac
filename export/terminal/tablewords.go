package terminal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailerlake/schema"
)

// tableWords say, in Markdown, where a table's rows come from, what it takes to read them, and when they are read.
type tableWords struct{ source, requests, read string }

const everyRun, noRequest = "every run", "none"

// wordsOf puts what a table declares of its source into words.
func wordsOf(t *schema.Table) tableWords {
	switch s := t.Source.(type) {
	case *schema.List:
		return tableWords{listSource(s), listRequests(s), listRead(s)}
	case *schema.Nested:
		w := tableWords{code(s.Attribute) + " in " + code(s.In.Table), noRequest, "with " + code(s.In.Table)}
		if s.Otherwise != nil {
			w.source += ", else " + listSource(s.Otherwise)
		}
		return w
	case *schema.Derived:
		return tableWords{"derived from " + code(s.From.Table), noRequest, "with " + code(s.From.Table)}
	case *schema.Single:
		return tableWords{code(s.Path), "1", everyRun}
	}
	return tableWords{}
}

// listSource names the paths of a list, with the parameters that all its pages are asked for with.
func listSource(l *schema.List) string {
	var paths []string
	for _, w := range l.EachWalk() {
		path := w.Path
		if len(l.Params) > 0 {
			path += "?" + l.Params.Encode()
		}
		if path = code(path); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return strings.Join(paths, ", ")
}

// listRequests says how many requests a list takes: its pages and, of a list that is read by cursor once a run, its counts and
// one page of newer rows for each walk.
func listRequests(l *schema.List) string {
	each := eachWalk(l)
	if l.Per != nil {
		parent := code(l.Per.Table)
		if l.Of != nil {
			parent += " with " + code(l.Of.Column) + " " + strings.Join(l.Of.Values, " or ")
		}
		each = append([]string{parent}, each...)
	}
	text, of := "1", " for each "
	if len(l.Limits) > 0 {
		text, of = "1 per "+number(int64(l.Limits[0]))+" rows", " of each "
	}
	if len(each) > 0 {
		text += of + strings.Join(each, " and ")
	}
	if kinds := countedWalks(l); kinds > 0 {
		text += fmt.Sprintf(", and again for each of %d kinds of rows", kinds)
	}
	if l.Paging == schema.ByCursor && l.Per == nil {
		text += fmt.Sprintf(" + %d", len(l.Counts)+len(l.EachWalk()))
	}
	return text
}

// eachWalk says what the walks of a list differ in: a parameter or the path.
func eachWalk(l *schema.List) []string {
	names, paths := map[string]bool{}, map[string]bool{}
	for _, w := range l.Walks {
		if w.Counted != "" {
			continue
		}
		for name := range w.Params {
			names[filtered(name)] = true
		}
		paths[w.Path] = true
	}
	each := slices.Sorted(maps.Keys(names))
	if len(paths) > 1 {
		each = append(each, "list")
	}
	return each
}

// filtered returns what a parameter filters by: status of filter[status].
func filtered(name string) string {
	_, in, _ := strings.Cut(name, "[")
	if by, ok := strings.CutSuffix(in, "]"); ok {
		return by
	}
	return name
}

// countedWalks is how many walks read some of the rows again, unless the list's own counts say that there are none.
func countedWalks(l *schema.List) (n int) {
	for _, w := range l.Walks {
		if w.Counted != "" {
			n++
		}
	}
	return n
}

// listRead says when a list is read.
func listRead(l *schema.List) string {
	if len(l.Still) == 0 {
		return everyRun
	}
	return "where " + code(l.Per.Table) + " changed in " + strings.Join(grouped(l.Still), ", ")
}

// grouped names columns, and those of an object together if they are many.
func grouped(names []string) []string {
	object := func(name string) string {
		before, _, _ := strings.Cut(name, "_")
		return before
	}
	members := map[string]int{}
	for _, name := range names {
		members[object(name)]++
	}
	const many = 5
	var all []string
	for _, name := range names {
		shown := code(name)
		if n := members[object(name)]; n >= many {
			shown = fmt.Sprintf("%d of %s", n, code(object(name)+"_*"))
		}
		if !slices.Contains(all, shown) {
			all = append(all, shown)
		}
	}
	return all
}

// notesOf says what is of note about the columns of a table: those that the account defines, those that walks mark, references
// to other tables, and units that are easy to mistake.
func notesOf(t *schema.Table) string {
	var notes []string
	if t.Open != nil {
		notes = append(notes, code(t.Open.Object+"_<key>")+": defined by "+code(t.Open.DefinedBy))
	}
	note := func(what string, is func(schema.Column) bool) {
		var names []string
		for _, c := range t.Columns {
			if is(c) {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			notes = append(notes, strings.Join(rates(names), ", ")+what)
		}
	}
	marks := t.MarkPaths()
	note(": true or false", func(c schema.Column) bool { return slices.Contains(marks, c.Path) })
	note("", func(c schema.Column) bool { return !slices.Contains(t.Key, c.Name) && refers(t, c.Name) })
	for _, unit := range []string{"0 to 100", "0 to 1", "minutes", "in the shop's currency"} {
		note(": "+unit, func(c schema.Column) bool { return c.Kind != schema.String && unitOf(t.Means[c.Name]) == unit })
	}
	if len(t.Never) > 0 {
		notes = append(notes, "no secrets")
	}
	return strings.Join(notes, "; ")
}

// rates writes names as code; those of many rates as one.
func rates(names []string) []string {
	const rate, many = "_float", 3
	var all []string
	n := 0
	for _, name := range names {
		if strings.HasSuffix(name, rate) {
			n++
		}
	}
	for _, name := range names {
		shown := code(name)
		if n >= many && strings.HasSuffix(name, rate) {
			shown = code("*" + rate)
		}
		if !slices.Contains(all, shown) {
			all = append(all, shown)
		}
	}
	return all
}

// unitOf returns the unit that a meaning names, empty if it names none of these.
func unitOf(meaning string) string {
	for _, unit := range []string{"0 to 100", "0 to 1", "in the shop's currency"} {
		if strings.Contains(meaning, unit) {
			return unit
		}
	}
	if strings.HasPrefix(meaning, "minutes") {
		return "minutes"
	}
	return ""
}

func refers(t *schema.Table, column string) bool {
	return slices.ContainsFunc(t.References, func(r schema.Reference) bool { return r.Column == column })
}

// code writes a text as code in Markdown.
func code(text string) string { return "`" + text + "`" }
