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

// lenient accepts what the API may put into records: it is up to the reader of
// the records to judge repeated names and invalid UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// envelope is the answer of a list, without its records.
type envelope struct {
	rows         int
	cursor       string // of the next page, "" if there is none
	nextLink     string // links.next, "" if there is none
	number       int    // 0 if unknown
	lastPage     int    // 0 if unknown
	perPage      int    // 0 if unknown
	path         string // address of the list, without parameters, "" if unknown
	total        int64  // -1 if unknown
	aggregations map[string]int64
}

// reader reads a body once, token by token. It can be reset for the next body.
type reader struct {
	body  []byte
	input bytes.Buffer
	dec   jsontext.Decoder

	rest    []byte // of the body, after the records
	skipped int    // bytes of the body that the decoder does not count
}

func newReader(body []byte) *reader {
	e := new(reader)
	e.reset(body)
	return e
}

func (e *reader) reset(body []byte) {
	e.body, e.skipped = body, 0
	e.input = *bytes.NewBuffer(body) // jsontext reads a bytes.Buffer without a copy
	e.dec.Reset(&e.input, lenient...)
}

// whole reads the body's one object and checks that nothing follows it. Its
// errors are BodyErrors.
func (e *reader) whole(member func(name string) error) error {
	if kind := e.dec.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return &BodyError{Why: "it is not a JSON object"}
	}
	if err := e.object(member); err != nil {
		return bodyErrorOf(e.body, e.skipped, err)
	}
	if _, err := e.dec.ReadToken(); err != io.EOF {
		return &BodyError{Why: "more text follows its JSON"}
	}
	return nil
}

// object reads an object; member must read the value of each name. Any other
// value is skipped: PHP writes an empty object as an empty list.
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

// records has the caller's function read the list of records.
func (e *reader) records(read ReadRecords) (rows int, err error) {
	if e.dec.PeekKind() != '[' {
		if err := e.dec.SkipValue(); err != nil {
			return 0, err
		}
		return 0, &BodyError{Why: "its data is not a list"}
	}
	at := int(e.dec.InputOffset())
	at += bytes.IndexByte(e.body[at:], '[') // after the colon
	rows, end, err := read(e.body, at)
	if err == nil && (end <= at || end > len(e.body) || e.body[end-1] != ']') {
		err = errors.New("its records were not read to their end")
	}
	if err != nil {
		return 0, err
	}
	return rows, e.skipTo(end)
}

// before is an object's beginning, in place of the members that were read
// already.
const before = `{"":0`

// skipTo skips the records, which were read already: the decoder gets the rest
// of the body after the text of before, so that it reads an object again.
func (e *reader) skipTo(end int) error {
	e.rest = append(append(e.rest[:0], before...), e.body[end:]...)
	e.skipped = end - len(before)
	e.input = *bytes.NewBuffer(e.rest)
	e.dec.Reset(&e.input, lenient...)
	for range 3 { // the bracket, a name and its value
		if _, err := e.dec.ReadToken(); err != nil {
			return err
		}
	}
	return nil
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
	return "", &BodyError{Why: "an attribute that should be text is an object, a list or a flag"}
}

// count reads a whole number, quoted or not, and returns missing for any other
// value.
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

// small reads a count that fits 31 bits, and returns 0 for any other value.
func (e *reader) small() (int, error) {
	n, err := e.count(0)
	if n > 1<<31-1 {
		n = 0
	}
	return int(n), err
}

// envelope reads the answer of a list. read reads its records.
func (e *reader) envelope(read ReadRecords) (*envelope, error) {
	env := &envelope{total: -1}
	found := false
	err := e.whole(func(name string) (err error) {
		switch name {
		case "data":
			if found { // reading only one of them could lose records: ask again
				return &BodyError{Why: "it has data twice"}
			}
			found = true
			env.rows, err = e.records(read)
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
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &BodyError{Why: "it has no data"}
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
	case "per_page": // sometimes a string
		env.perPage, err = e.small()
	case "total":
		env.total, err = e.count(-1)
	case "path":
		if e.dec.PeekKind() != '"' {
			return e.dec.SkipValue()
		}
		env.path, err = e.text()
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

// followLink reads the cursor from links.next if meta has none.
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

// parseTotal reads the answer to limit=0. It says whether there are records.
func parseTotal(body []byte) (total int64, rows int, err error) {
	env := &envelope{total: -1}
	e := newReader(body)
	err = e.whole(func(name string) error {
		switch name {
		case "meta":
			return e.object(func(name string) error { return env.meta(e, name) })
		case "data":
			v, err := e.dec.ReadValue()
			if len(v) > 2 && v.Kind() == '[' {
				rows = 1
			}
			return err
		}
		return env.meta(e, name)
	})
	if err == nil && env.total < 0 {
		err = &BodyError{Why: "it has no total"}
	}
	return env.total, rows, err
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
