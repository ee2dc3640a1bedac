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

// limitFor returns the page size a list was asked for; a message instead if
// it is to be refused. Zero asks for the count alone.
func (a *Account) limitFor(rule string, params url.Values) (limit int, refusal string) {
	l := a.opt.limitOf(rule)
	if !params.Has("limit") {
		return l.Default, ""
	}
	n, err := strconv.Atoi(params.Get("limit"))
	switch {
	case l.Allowed != nil && (err != nil || !slices.Contains(l.Allowed, n)):
		return 0, "The selected limit is invalid."
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

// cursor is a place in a list of ids descending: before or after an id.
type cursor struct {
	id   uint64
	next bool // towards smaller ids
}

// encode writes a cursor as Laravel does, without padding. A mark makes it
// differ from others of the same place.
func (c cursor) encode(mark int) string {
	s := fmt.Sprintf(`{"id":%d,"_pointsToNextItems":%t}`, c.id, c.next)
	if mark > 0 {
		s = fmt.Sprintf(`%s,"mark":%d}`, strings.TrimSuffix(s, "}"), mark)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(s))
}

// decodeCursor returns the start of the list for what is not a cursor, as
// Laravel does.
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
	rule       string // of its page size
	activeOnly bool   // unless a status is asked for
	group      *group // whose members these are; nil for all subscribers
	email      string
}

// keep returns the condition that a list and its parameters put on rows, nil
// for none, or a refusal.
func (l cursorList) keep(params url.Values) (keep func(*subscriber) bool, refusal string) {
	wanted := params.Get("filter[status]")
	if wanted == "" && l.activeOnly {
		wanted = "active"
	}
	st := slices.Index(Statuses, wanted)
	if wanted != "" && st < 0 {
		return nil, "The selected filter.status is invalid."
	}
	if wanted == "" && l.group == nil && l.email == "" {
		return nil, ""
	}
	return func(s *subscriber) bool {
		return (st < 0 || s.status == status(st)) && (l.group == nil || s.in(l.group)) && (l.email == "" || strings.EqualFold(s.email, l.email))
	}, ""
}

func (a *Account) cursorList(b []byte, q query, l cursorList) (int, []byte) {
	keep, refusal := l.keep(q.params)
	if refusal != "" {
		return a.refuse(b, "filter.status", refusal)
	}
	limit, refusal := a.limitFor(l.rule, q.params)
	if refusal != "" {
		return a.refuse(b, "limit", refusal)
	}
	if limit == 0 {
		return 200, append(strconv.AppendInt(append(b, `{"total":`...), int64(a.countSubscribers(keep)), 10), '}')
	}
	at := decodeCursor(q.params.Get("cursor"))
	rows, more := a.walk(at, limit, keep)
	next, prev := ends(rows, at, more, q.params.Has("cursor"))
	if q.fault.RepeatCursor {
		next = orDefault(q.params.Get("cursor"), startCursor(rows))
	}
	if q.fault.EmptyPage {
		rows, next = nil, at.encode(q.n)
	}
	v := view{groups: !a.opt.IgnoreInclude && slices.Contains(strings.Split(q.params.Get("include"), ","), "groups")}
	b = append(b, `{"data":[`...)
	for i, s := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendSubscriber(b, s, v)
	}
	return 200, a.appendCursorMeta(append(b, ']'), l.path, limit, next, prev)
}

func (a *Account) countSubscribers(keep func(*subscriber) bool) int {
	if keep == nil {
		return len(a.subs)
	}
	n := 0
	for _, s := range a.subs {
		if keep(s) {
			n++
		}
	}
	return n
}

// walk returns up to limit rows from a cursor on, newest first, and whether
// there are more in that direction.
func (a *Account) walk(at cursor, limit int, keep func(*subscriber) bool) (rows []*subscriber, more bool) {
	i, found := slices.BinarySearchFunc(a.subs, at.id, compareSubscriber)
	step := -1
	switch {
	case at.next:
		i--
	case found:
		i, step = i+1, 1
	default:
		step = 1
	}
	rows = make([]*subscriber, 0, min(limit, len(a.subs)))
	for ; i >= 0 && i < len(a.subs); i += step {
		if s := a.subs[i]; keep == nil || keep(s) {
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

// ends returns the cursors that lead on from a page and back, "" for none.
func ends(rows []*subscriber, at cursor, more, moved bool) (next, prev string) {
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

// startCursor is a cursor that leads to the page of rows again.
func startCursor(rows []*subscriber) string {
	if len(rows) == 0 {
		return cursor{1, true}.encode(0)
	}
	return cursor{rows[0].id + 1, true}.encode(0)
}

// appendCursorMeta appends the rest of a cursor list. Its links carry the
// cursor and nothing else, as MailerLite's do.
func (a *Account) appendCursorMeta(b []byte, path string, perPage int, next, prev string) []byte {
	link := func(c string) string {
		if c == "" {
			return ""
		}
		return a.opt.BaseURL + "/" + path + "?cursor=" + c
	}
	b = a.appendOrNull(append(b, `,"links":{"first":null,"last":null,"prev":`...), link(prev))
	b = a.appendOrNull(append(b, `,"next":`...), link(next))
	b = a.appendText(append(b, `},"meta":{"path":`...), a.opt.BaseURL+"/"+path)
	b = strconv.AppendInt(append(b, `,"per_page":`...), int64(perPage), 10)
	b = a.appendOrNull(append(b, `,"next_cursor":`...), next)
	b = a.appendOrNull(append(b, `,"prev_cursor":`...), prev)
	return append(b, `}}`...)
}
