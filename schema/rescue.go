package schema

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// rescue is a value that has no column or does not fit it.
type rescue struct {
	row  int
	path string
	raw  []byte // valid JSON, not null
}

// ranks orders the paths of what is rescued: declared columns, and the objects they are in, as the columns stand.
func ranks(t *Table) map[string]int {
	ranks := map[string]int{}
	for i, c := range t.Columns {
		path := c.Path
		for more := true; more; path, more = parentPath(path) {
			if _, ok := ranks[path]; !ok {
				ranks[path] = i
			}
		}
	}
	for second, path := range t.same {
		ranks[second] = ranks[path]
	}
	return ranks
}

func parentPath(path string) (string, bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", false
	}
	return path[:i], true
}

// rescuedColumn makes the Rescued column: per row an object of its rescues, in the order of the ranks and then by path.
// Of the same path in a row the last counts. It returns nil if there are none, and the number of values in it.
func rescuedColumn(v *Vector, list []rescue, ranks map[string]int, rows int) (*Vector, int) {
	if len(list) == 0 {
		return nil, 0
	}
	list = sortRescues(list, ranks)
	for i, r := range list {
		if i == 0 || list[i-1].row != r.row {
			v.AppendNull(r.row - v.Len())
			v.Bytes = append(v.Bytes, '{')
		} else {
			v.Bytes = append(v.Bytes, ',')
		}
		v.Bytes = append(appendQuoted(v.Bytes, []byte(r.path)), ':')
		v.Bytes = appendBounded(v.Bytes, r.raw)
		if i+1 == len(list) || list[i+1].row != r.row {
			v.Bytes = append(v.Bytes, '}')
			v.endText()
		}
	}
	v.AppendNull(rows - v.Len())
	return v, len(list)
}

func sortRescues(list []rescue, ranks map[string]int) []rescue {
	rank := func(path string) int {
		if r, ok := ranks[path]; ok {
			return r
		}
		return math.MaxInt
	}
	slices.SortStableFunc(list, func(a, b rescue) int {
		if c := cmp.Compare(a.row, b.row); c != 0 {
			return c
		}
		if c := cmp.Compare(rank(a.path), rank(b.path)); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	})
	kept := list[:0]
	for _, r := range list {
		if n := len(kept); n > 0 && kept[n-1].row == r.row && kept[n-1].path == r.path {
			kept[n-1] = r
		} else {
			kept = append(kept, r)
		}
	}
	return kept
}

// parseRescued appends the values that a row's text in the Rescued column holds.
func parseRescued(list []rescue, row int, text []byte) []rescue {
	in := jsontext.NewDecoder(bytes.NewBuffer(text), lenient...)
	if in.PeekKind() != '{' {
		return list
	}
	in.ReadToken() // of the valid JSON that is ours no read fails
	for in.PeekKind() == '"' {
		name, nameErr := in.ReadValue()
		value, valueErr := in.ReadValue()
		if nameErr != nil || valueErr != nil {
			break
		}
		list = append(list, rescue{row, string(appendUnquoted(nil, name)), value})
	}
	return list
}

// KeepRescued returns the text of Rescued for a row that is stored already and was scanned again: what the scan
// rescued, and of the stored values those at or below the given API paths, as long as the scan rescued nothing at the
// same path. The paths are those that the scanned row said nothing about, such as an object it lacks. Both texts, and the
// result, are empty where nothing is rescued.
func (t *Table) KeepRescued(scanned, stored []byte, paths []string) []byte {
	kept := parseRescued(nil, 0, stored)
	kept = slices.DeleteFunc(kept, func(r rescue) bool { return !anyHolds(paths, r.path) })
	if len(kept) == 0 {
		return scanned
	}
	now, known := parseRescued(nil, 0, scanned), map[string]bool{}
	for _, r := range now {
		known[r.path] = true
	}
	kept = slices.DeleteFunc(kept, func(r rescue) bool { return known[r.path] })
	if len(kept) == 0 {
		return scanned
	}
	v, _ := rescuedColumn(NewVector(String), append(now, kept...), ranks(t), 1)
	return v.Text(0)
}

// anyHolds reports whether a path is, or lies below, one of the given.
func anyHolds(above []string, path string) bool {
	return slices.ContainsFunc(above, func(a string) bool {
		rest, ok := strings.CutPrefix(path, a)
		return ok && (rest == "" || rest[0] == '.')
	})
}
