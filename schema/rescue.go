package schema

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// rescue is a value that has no column or does not fit its column.
type rescue struct {
	row  int
	path string
	raw  []byte // valid JSON, not null
}

// ranks gives the order in which Rescued lists paths: that of the declared columns. The path of an object has the rank of
// the first column inside it.
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
	for second, path := range t.Same {
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

// rescuedColumn fills v as the Rescued column, each row an object of the row's rescues ordered by rank and then by path.
// If a row has several of the same path, the last wins. It returns the column, or nil if there are none.
func rescuedColumn(v *Vector, list []rescue, ranks map[string]int, rows int) *Vector {
	if len(list) == 0 {
		return nil
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
	return v
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

// parseRescued appends the rescues that a row's text in the Rescued column lists.
func parseRescued(list []rescue, row int, text []byte) []rescue {
	in := jsontext.NewDecoder(bytes.NewBuffer(text), lenient...)
	if in.PeekKind() != '{' {
		return list
	}
	in.ReadToken()
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

// CountRescued returns the number of values in a row's text in the Rescued column.
func CountRescued(text []byte) int { return len(parseRescued(nil, 0, text)) }

// KeepRescued returns the Rescued text of a stored row that was scanned again without some of its attributes. It holds
// the scanned row's values and, of the stored row's, those at or below the API paths of the missing attributes; a
// scanned value wins over a stored one with the same path. Empty text means that nothing is rescued.
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
	v := rescuedColumn(NewVector(String), append(now, kept...), ranks(t), 1)
	return v.Text(0)
}

// anyHolds reports whether a path equals, or is below, one of the given paths.
func anyHolds(above []string, path string) bool {
	return slices.ContainsFunc(above, func(a string) bool {
		rest, ok := strings.CutPrefix(path, a)
		return ok && (rest == "" || rest[0] == '.')
	})
}
