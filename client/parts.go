package client

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const batchPath = "/batch"

// MaxBatch is how many requests the server accepts in one batch, as documented.
const MaxBatch = 50

// batchBody writes a batch. Parameters are part of each request's body, which is
// the recorded form; whether a query in the path would be read is not known.
func batchBody(requests []request) []byte {
	body := []byte(`{"requests":[`)
	for i, r := range requests {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"method":"GET","path":`...)
		body, _ = jsontext.AppendQuote(body, "api"+r.path) // fails only on invalid UTF-8, and paths are ASCII
		if params, _ := nested(r.params); len(params) > 0 {
			text, _ := json.Marshal(params, json.Deterministic(true), jsontext.AllowInvalidUTF8(true)) // cannot fail: maps and texts
			body = append(append(body, `,"body":`...), text...)
		}
		body = append(body, '}')
	}
	return append(body, `]}`...)
}

// nested turns parameters into the object that PHP makes of them:
// filter[status]=active becomes {"filter":{"status":"active"}}. It reports false
// for names that do not make an object.
func nested(params url.Values) (object map[string]any, ok bool) {
	object = make(map[string]any)
	for name, values := range params {
		if len(values) != 1 {
			return nil, false
		}
		at, keys := object, nameKeys(name)
		for i, key := range keys {
			if key == "" {
				return nil, false
			}
			if i == len(keys)-1 {
				if _, taken := at[key]; taken {
					return nil, false
				}
				at[key] = values[0]
				break
			}
			if at[key] == nil {
				at[key] = make(map[string]any)
			}
			if at, ok = at[key].(map[string]any); !ok {
				return nil, false
			}
		}
	}
	return object, true
}

// nameKeys splits filter[status] into its keys. An empty key is one that is not
// understood.
func nameKeys(name string) []string {
	first, rest, deep := strings.Cut(name, "[")
	if !deep {
		return []string{name}
	}
	rest, closed := strings.CutSuffix(rest, "]")
	keys := append([]string{first}, strings.Split(rest, "][")...)
	if !closed || slices.ContainsFunc(keys, func(key string) bool { return strings.ContainsAny(key, "[]") }) {
		return []string{""}
	}
	return keys
}

// part is one answer of a batch.
type part struct {
	code int
	body []byte // JSON, a piece of the batch's; nil if there is none
}

// usable reports whether the code is one that HTTP knows.
func (p part) usable() bool { return p.code >= 200 && p.code < 600 }

// parseBatch reads the answer to a batch. The bodies of its parts are whole JSON
// values.
func parseBatch(body []byte) (parts []part, err error) {
	e := newReader(body)
	found := false
	err = e.whole(func(name string) (err error) {
		if name != "responses" || e.dec.PeekKind() != '[' {
			return e.dec.SkipValue()
		}
		if found {
			return &BodyError{Why: "it has responses twice"}
		}
		found = true
		parts, err = e.parts()
		return err
	})
	if err == nil && !found {
		err = &BodyError{Why: "it has no responses"}
	}
	if err != nil {
		return nil, err
	}
	return parts, nil
}

func (e *reader) parts() (parts []part, err error) {
	if _, err := e.dec.ReadToken(); err != nil {
		return nil, err
	}
	for e.dec.PeekKind() != ']' {
		if len(parts) == MaxBatch {
			return nil, &BodyError{Why: "it has too many responses"}
		}
		var p part
		err := e.object(func(name string) (err error) {
			switch name {
			case "code":
				p.code, err = e.small()
			case "body":
				p.body, err = e.piece()
			default:
				err = e.dec.SkipValue()
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	_, err = e.dec.ReadToken()
	return parts, err
}

// piece reads any value and returns its text, a piece of the body.
func (e *reader) piece() ([]byte, error) {
	v, err := e.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(e.dec.InputOffset())
	return e.body[end-len(v) : end : end], nil
}

// batchRefused reports whether the server refuses batches as such. 413 is about
// their size only.
func batchRefused(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status/100 != 4 {
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return false
	}
	return true
}
