package client

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxCursor bounds a cursor in bytes: it has to fit in a URL.
	maxCursor = 4096
	// maxAggregations bounds the counts kept from a page's meta.
	maxAggregations = 64
)

// envelope is a list's answer around its records.
type envelope struct {
	data         jsontext.Value // the array of records, part of the body
	rows         int
	cursor       string // next cursor, "" for none
	nextLink     string // links.next, "" for none
	number       int    // 0 unknown
	lastPage     int    // 0 unknown
	perPage      int    // 0 unknown
	total        int64  // -1 unknown
	aggregations map[string]int64
}

// reader walks over a body once, token by token. What the records hold is not
// judged here: repeated names and invalid UTF-8 pass.
type reader struct {
	body []byte
	dec  *jsontext.Decoder
}

func newReader(body []byte) *reader {
	return &reader{body, jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// whole reads the body's one object and checks that nothing follows it.
func (e *reader) whole(member func(name string) error) error {
	if kind := e.dec.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return &BodyError{Why: "it is not a JSON object"}
	}
	if err := e.object(member); err != nil {
		var bad *BodyError
		if errors.As(err, &bad) {
			return err
		}
		return whyNotJSON(e.body, err)
	}
	if _, err := e.dec.ReadToken(); err != io.EOF {
		return &BodyError{Why: "something follows its JSON"}
	}
	return nil
}

// object reads an object; member must read the value of each name. Whatever
// else comes is skipped, as PHP writes an empty object as an empty list.
func (e *reader) object(member func(name string) error) error {
	if e.dec.PeekKind() != '{' {
		return e.dec.SkipValue()
	}
	if _, err := e.dec.ReadToken(); err != nil {
		return err
	}
	for e.dec.PeekKind() != '}' {
		name, err := e.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err := e.dec.ReadToken()
	return err
}

// records reads the array of records, counting them.
func (e *reader) records() (data jsontext.Value, rows int, err error) {
	if e.dec.PeekKind() != '[' {
		if err := e.dec.SkipValue(); err != nil {
			return nil, 0, err
		}
		return nil, 0, &BodyError{Why: "its data is not a list"}
	}
	if _, err := e.dec.ReadToken(); err != nil {
		return nil, 0, err
	}
	start := e.dec.InputOffset() - 1
	for ; e.dec.PeekKind() != ']'; rows++ {
		if _, err := e.dec.ReadValue(); err != nil {
			return nil, 0, err
		}
	}
	if _, err := e.dec.ReadToken(); err != nil {
		return nil, 0, err
	}
	return jsontext.Value(e.body[start:e.dec.InputOffset()]), rows, nil
}

// text reads a string or number as text, and null as "".
func (e *reader) text() (string, error) {
	switch e.dec.PeekKind() {
	case '"', '0':
		t, err := e.dec.ReadToken()
		if err != nil {
			return "", err
		}
		return t.String(), nil
	case 'n':
		return "", e.dec.SkipValue()
	}
	if err := e.dec.SkipValue(); err != nil {
		return "", err
	}
	return "", &BodyError{Why: "a text of its frame is neither text nor null"}
}

// count reads a whole number, in quotes or not; anything else is missing.
func (e *reader) count(missing int64) (int64, error) {
	if kind := e.dec.PeekKind(); kind != '"' && kind != '0' {
		return missing, e.dec.SkipValue()
	}
	text, err := e.text()
	if err != nil {
		return missing, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return missing, nil
	}
	return n, nil
}

// small is count for numbers of pages and rows, 0 where missing or absurd.
func (e *reader) small() (int, error) {
	n, err := e.count(0)
	if n > 1<<31-1 {
		n = 0
	}
	return int(n), err
}

// parseEnvelope reads a list's answer. The data of the result is part of body.
func parseEnvelope(body []byte) (*envelope, error) {
	env := &envelope{total: -1}
	e := newReader(body)
	found := 0
	err := e.whole(func(name string) (err error) {
		switch name {
		case "data":
			found++
			env.data, env.rows, err = e.records()
		case "meta":
			err = e.object(func(name string) error { return env.meta(e, name) })
		case "links":
			err = e.object(func(name string) error { return env.link(e, name) })
		case "total", "aggregations":
			err = env.meta(e, name)
		default:
			err = e.dec.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case found == 0:
		return nil, &BodyError{Why: "it has no data"}
	case found > 1: // which of them counts? better ask again than lose rows
		return nil, &BodyError{Why: "it has data twice"}
	}
	return env, env.followLink()
}

func (env *envelope) meta(e *reader, name string) (err error) {
	switch name {
	case "next_cursor":
		env.cursor, err = e.text()
	case "current_page":
		env.number, err = e.small()
	case "last_page":
		env.lastPage, err = e.small()
	case "per_page": // a string at times
		env.perPage, err = e.small()
	case "total":
		env.total, err = e.count(-1)
	case "aggregations":
		err = e.object(func(name string) error { return env.aggregation(e, name) })
	default:
		err = e.dec.SkipValue()
	}
	return err
}

func (env *envelope) aggregation(e *reader, name string) error {
	n, err := e.count(-1)
	if n < 0 || len(env.aggregations) >= maxAggregations {
		return err
	}
	if env.aggregations == nil {
		env.aggregations = make(map[string]int64)
	}
	env.aggregations[name] = n
	return err
}

func (env *envelope) link(e *reader, name string) (err error) {
	if name != "next" {
		return e.dec.SkipValue()
	}
	env.nextLink, err = e.text()
	return err
}

// followLink takes the cursor from links.next where meta has none.
func (env *envelope) followLink() error {
	if env.cursor == "" && env.nextLink != "" {
		if u, err := url.Parse(env.nextLink); err == nil {
			env.cursor = u.Query().Get("cursor")
		}
	}
	if len(env.cursor) > maxCursor {
		return &BodyError{Why: "its cursor is too long"}
	}
	return nil
}

// parseTotal reads the answer to limit=0.
func parseTotal(body []byte) (int64, error) {
	env := &envelope{total: -1}
	e := newReader(body)
	err := e.whole(func(name string) error {
		if name == "meta" {
			return e.object(func(name string) error { return env.meta(e, name) })
		}
		return env.meta(e, name)
	})
	if err == nil && env.total < 0 {
		err = &BodyError{Why: "it has no total"}
	}
	return env.total, err
}

// parseData returns a copy of the data of a single record's answer.
func parseData(body []byte) (jsontext.Value, error) {
	var data jsontext.Value
	e := newReader(body)
	err := e.whole(func(name string) error {
		if name != "data" {
			return e.dec.SkipValue()
		}
		v, err := e.dec.ReadValue()
		data = v.Clone()
		return err
	})
	if err == nil && (data == nil || data.Kind() == 'n') {
		err = &BodyError{Why: "it has no data"}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

func parseAccount(body []byte) (a Account, err error) {
	data, err := parseData(body)
	if err != nil {
		return Account{}, err
	}
	e := newReader(data)
	err = e.whole(func(name string) (err error) {
		switch name {
		case "id":
			a.ID, err = e.text()
		case "name":
			a.Name, err = e.text()
		default:
			err = e.dec.SkipValue()
		}
		return err
	})
	return a, err
}
