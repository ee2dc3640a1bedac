package mailerlitetest

import (
	"slices"
	"strconv"
	"strings"
)

// pageList describes a list that is read by page number.
type pageList[T any] struct {
	path         string
	rule         string // its path in Options.Limits; "" is that of path
	rows         []T    // all rows, in order
	row          func(b []byte, row T) []byte
	aggregations func(b []byte) []byte // part of meta; may be nil
}

func pageOf[T any](a *Account, b []byte, q query, l pageList[T]) (int, []byte) {
	return a.pageSpan(b, q, span{
		path: l.path, rule: l.rule, total: len(l.rows), aggregations: l.aggregations,
		row: func(b []byte, i int) []byte { return l.row(b, l.rows[i]) },
	})
}

// span is a list that is read by page number and whose rows are made when a page
// shows them.
type span struct {
	path         string
	rule         string // its path in Options.Limits; default "/" and path
	total        int
	row          func(b []byte, i int) []byte
	aggregations func(b []byte) []byte // part of meta; may be nil
	bare         bool                  // without links and meta
}

func (a *Account) pageSpan(b []byte, q query, l span) (int, []byte) {
	limit, refusal := a.limitFor(orDefault(l.rule, "/"+l.path), q.params)
	if refusal != "" {
		return a.refuse(b, "limit", refusal)
	}
	if limit == 0 {
		return 200, append(strconv.AppendInt(append(b, `{"total":`...), int64(l.total), 10), '}')
	}
	p := page{path: a.opt.BaseURL + "/" + l.path, perPage: limit, total: l.total, number: 1}
	if n, err := strconv.Atoi(q.params.Get("page")); err == nil && n > 0 {
		p.number = min(n, 1<<30)
	}
	from := min(l.total, (p.number-1)*limit)
	to := min(l.total, from+limit)
	if q.fault.EmptyPage {
		to = from
	}
	b = append(b, `{"data":[`...)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = l.row(b, i)
	}
	b = append(b, ']')
	if l.bare {
		return 200, append(b, '}')
	}
	p.first, p.count = from+1, to-from
	return 200, p.appendMeta(b, a, l.aggregations)
}

// page is one page of a list, and its place there.
type page struct {
	path                   string
	number, perPage, total int
	first, count           int // number of the first row, from 1; number of rows
}

func (p page) last() int { return max(1, (p.total+p.perPage-1)/p.perPage) }

func (p page) url(n int) string { return p.path + "?page=" + strconv.Itoa(n) }

// appendMeta appends what follows the rows. The links keep no parameter but the
// page, as in MailerLite.
func (p page) appendMeta(b []byte, a *Account, aggregations func([]byte) []byte) []byte {
	prev, next := "", ""
	if p.number > 1 {
		prev = p.url(p.number - 1)
	}
	if p.number < p.last() {
		next = p.url(p.number + 1)
	}
	b = a.appendText(append(b, `,"links":{"first":`...), p.url(1))
	b = a.appendText(append(b, `,"last":`...), p.url(p.last()))
	b = a.appendOrNull(append(b, `,"prev":`...), prev)
	b = a.appendOrNull(append(b, `,"next":`...), next)
	b = strconv.AppendInt(append(b, `},"meta":{"current_page":`...), int64(p.number), 10)
	b = appendCountOrNull(append(b, `,"from":`...), p.first, p.count > 0)
	b = strconv.AppendInt(append(b, `,"last_page":`...), int64(p.last()), 10)
	b = p.appendLinks(append(b, `,"links":[`...), a, prev, next)
	b = a.appendText(append(b, `],"path":`...), p.path)
	b = appendCount(b, "per_page", p.perPage)
	b = appendCountOrNull(append(b, `,"to":`...), p.first+p.count-1, p.count > 0)
	b = appendCount(b, "total", p.total)
	if aggregations != nil {
		b = aggregations(append(b, `,"aggregations":`...))
	}
	return append(b, `}}`...)
}

// appendLinks appends the buttons of Laravel's page navigation.
func (p page) appendLinks(b []byte, a *Account, prev, next string) []byte {
	link := func(url, label string, isActive bool) {
		b = a.appendOrNull(append(b, `{"url":`...), url)
		b = a.appendText(append(b, `,"label":`...), label)
		b = append(appendBool(append(b, `,"active":`...), isActive), `},`...)
	}
	link(prev, "&laquo; Previous", false)
	for n := 1; n <= p.last(); n++ {
		if p.last() > 13 && n == 8 { // Laravel shortens the middle
			link("", "...", false)
			n = p.last() - 1
		}
		link(p.url(n), strconv.Itoa(n), n == p.number)
	}
	link(next, "Next &raquo;", false)
	return b[:len(b)-1]
}

func appendCountOrNull(b []byte, n int, ok bool) []byte {
	if !ok {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, int64(n), 10)
}

func filterByName[T any](rows *[]T, part string, name func(T) string) {
	if part == "" {
		return
	}
	*rows = slices.DeleteFunc(*rows, func(r T) bool {
		return !strings.Contains(strings.ToLower(name(r)), strings.ToLower(part))
	})
}

// sortRows sorts by the API's parameter sort, in which a leading minus means
// descending.
func sortRows[T any](rows []T, by string, compare func(x, y T, by string) int) {
	by, descending := strings.CutPrefix(by, "-")
	slices.SortStableFunc(rows, func(x, y T) int {
		if descending {
			return compare(y, x, by)
		}
		return compare(x, y, by)
	})
}

// compareNames ignores case and punctuation at the beginning, as the collation
// of MailerLite's database does.
func compareNames(x, y string) int { return strings.Compare(collate(x), collate(y)) }

func collate(s string) string { return strings.ToLower(strings.TrimLeft(s, `"'([{ `)) }

func compareFloat(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
