package mailerlitetest

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// limitFor returns the page size that params ask for in a list, given by its
// path, or a message if they are refused. Zero asks for the count alone.
func (a *Account) limitFor(list string, params url.Values) (limit int, refusal string) {
	l := a.opt.limitOf(list)
	if !params.Has("limit") {
		return l.Default, ""
	}
	n, err := strconv.Atoi(params.Get("limit"))
	switch {
	case l.Allowed != nil && (err != nil || !slices.Contains(l.Allowed, n)):
		return 0, orDefault(l.refusal, "The selected limit is invalid.")
	case err != nil:
		return 0, "The limit must be an integer."
	case n < 0:
		return 0, "The limit must be at least 0."
	case l.Max > 0 && n > l.Max && a.opt.ClampLimit:
		return l.Max, ""
	case l.Max > 0 && n > l.Max:
		return 0, fmt.Sprintf("The limit must not be greater than %d.", l.Max)
	}
	return n, ""
}

// cursor is a place in a list of descending ids: before or after an id.
type cursor struct {
	id   uint64
	next bool // towards smaller ids
}

// encode returns the cursor as Laravel writes it, without padding. Cursors of the
// same place differ if their marks do; 0 is no mark.
func (c cursor) encode(mark int) string {
	s := fmt.Sprintf(`{"id":%d,"_pointsToNextItems":%t}`, c.id, c.next)
	if mark > 0 {
		s = fmt.Sprintf(`%s,"mark":%d}`, strings.TrimSuffix(s, "}"), mark)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(s))
}

// decodeCursor reads a cursor. Anything that is not a cursor stands for the
// start of the list, as in Laravel.
func decodeCursor(s string) cursor {
	start := cursor{math.MaxUint64, true}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return start
	}
	var id uint64
	if n, _ := fmt.Sscanf(string(raw), `{"id":%d,"_pointsToNextItems":`, &id); n != 1 {
		return start
	}
	return cursor{id, !strings.Contains(string(raw), `"_pointsToNextItems":false`)}
}

// cursorList describes a list of subscribers.
type cursorList struct {
	path       string // below the base URL
	rule       string // its path in Options.Limits
	activeOnly bool   // unless params ask for a status
	email      string // lists the subscriber with this address; "" for all

	of      []*subscriber          // lists only these, id ascending; nil for all of the account
	member  func(*subscriber) bool // lists only those; nil for all
	groups  showGroups
	endless bool // any page with rows has a next cursor, and per_page repeats limit as text
}

// showGroups says whether the rows of a list have their groups.
type showGroups uint8

const (
	groupsIncluded showGroups = iota // with include=groups
	groupsAlways
	groupsNever
)

// filter returns which subscribers a list with these parameters has, nil for
// all, or a message if the parameters are refused.
func (l cursorList) filter(params url.Values) (keep func(*subscriber) bool, refusal string) {
	wanted := params.Get("filter[status]")
	if wanted == "" && l.activeOnly {
		wanted = "active"
	}
	st := slices.Index(Statuses, wanted)
	if wanted != "" && st < 0 {
		return nil, "The selected filter.status is invalid."
	}
	if wanted == "" && l.member == nil && l.email == "" {
		return nil, ""
	}
	return func(s *subscriber) bool {
		return (st < 0 || s.status == status(st)) && (l.member == nil || l.member(s)) && (l.email == "" || strings.EqualFold(s.email, l.email))
	}, ""
}

func (a *Account) cursorList(b []byte, q query, l cursorList) (int, []byte) {
	if l.of == nil {
		l.of = a.subs
	}
	keep, refusal := l.filter(q.params)
	if refusal != "" {
		return a.refuse(b, "filter.status", refusal)
	}
	limit, refusal := a.limitFor(l.rule, q.params)
	if refusal != "" {
		return a.refuse(b, "limit", refusal)
	}
	if limit == 0 {
		return 200, append(strconv.AppendInt(append(b, `{"total":`...), int64(countSubscribers(l.of, keep)), 10), '}')
	}
	at := decodeCursor(q.params.Get("cursor"))
	rows, more := walk(l.of, at, limit, keep)
	next, prev := neighbours(rows, at, more || l.endless && at.next, q.params.Has("cursor"))
	if q.fault.RepeatCursor {
		next = orDefault(q.params.Get("cursor"), cursorTo(rows))
	}
	if q.fault.EmptyPage {
		rows, next = nil, at.encode(q.n)
	}
	v := view{groups: l.groups == groupsAlways || l.groups == groupsIncluded && a.includesGroups(q.params)}
	b = append(b, `{"data":[`...)
	for i, s := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendSubscriber(b, s, v)
	}
	perPage := strconv.Itoa(limit)
	if l.endless && q.params.Has("limit") {
		perPage = `"` + perPage + `"`
	}
	return 200, a.appendCursorMeta(append(b, ']'), l.path, perPage, next, prev)
}

func (a *Account) includesGroups(params url.Values) bool {
	return !a.opt.IgnoreInclude && slices.Contains(strings.Split(params.Get("include"), ","), "groups")
}

func countSubscribers(of []*subscriber, keep func(*subscriber) bool) int {
	if keep == nil {
		return len(of)
	}
	n := 0
	for _, s := range of {
		if keep(s) {
			n++
		}
	}
	return n
}

// walk returns up to limit of some subscribers from a cursor on, newest first, and whether more
// follow in the cursor's direction.
func walk(of []*subscriber, at cursor, limit int, keep func(*subscriber) bool) (rows []*subscriber, more bool) {
	i, found := slices.BinarySearchFunc(of, at.id, compareSubscriber)
	step := -1
	switch {
	case at.next:
		i--
	case found:
		i, step = i+1, 1
	default:
		step = 1
	}
	rows = make([]*subscriber, 0, min(limit, len(of)))
	for ; i >= 0 && i < len(of); i += step {
		if s := of[i]; keep == nil || keep(s) {
			if len(rows) == limit {
				more = true
				break
			}
			rows = append(rows, s)
		}
	}
	if !at.next {
		slices.Reverse(rows)
	}
	return rows, more
}

// neighbours returns the cursors of the pages after and before the page that was
// read at a cursor, "" where there is none.
func neighbours(rows []*subscriber, at cursor, more, moved bool) (next, prev string) {
	if len(rows) == 0 {
		return "", ""
	}
	if more || !at.next {
		next = cursor{rows[len(rows)-1].id, true}.encode(0)
	}
	if moved && at.id != math.MaxUint64 && (more || at.next) {
		prev = cursor{rows[0].id, false}.encode(0)
	}
	return next, prev
}

// cursorTo returns a cursor that leads to the same page again.
func cursorTo(rows []*subscriber) string {
	if len(rows) == 0 {
		return cursor{1, true}.encode(0)
	}
	return cursor{rows[0].id + 1, true}.encode(0)
}

// appendCursorMeta appends what follows the rows. The links keep no parameter but
// the cursor, as in MailerLite.
func (a *Account) appendCursorMeta(b []byte, path, perPage, next, prev string) []byte {
	link := func(c string) string {
		if c == "" {
			return ""
		}
		return a.opt.BaseURL + "/" + path + "?cursor=" + c
	}
	b = a.appendOrNull(append(b, `,"links":{"first":null,"last":null,"prev":`...), link(prev))
	b = a.appendOrNull(append(b, `,"next":`...), link(next))
	b = a.appendText(append(b, `},"meta":{"path":`...), a.opt.BaseURL+"/"+path)
	b = append(append(b, `,"per_page":`...), perPage...)
	b = a.appendOrNull(append(b, `,"next_cursor":`...), next)
	b = a.appendOrNull(append(b, `,"prev_cursor":`...), prev)
	return append(b, `}}`...)
}
