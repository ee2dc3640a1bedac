package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// batchPart is one request of a batch, as the client sends it.
type batchPart struct {
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   map[string]any `json:"body"`
}

const batchMax = 50

// batch answers POST /batch. spend counts one part against the rate limit and
// reports whether it is allowed.
func (a *Account) batch(b []byte, q query, spend func() bool) (int, []byte) {
	if a.opt.BatchStatus != 0 {
		return a.opt.BatchStatus, a.appendMessage(b, "Batching is not available.")
	}
	parts, name, refusal := parseBatch(q.body)
	if refusal != "" {
		return a.refuse(b, name, refusal)
	}
	var answers []byte
	successful := 0
	for i, p := range parts {
		code, body := a.part(p, q, spend)
		if status := q.fault.Parts[i]; status != 0 {
			code, body = status, a.appendMessage(nil, http.StatusText(status))
		}
		if code < 300 {
			successful++
		}
		answers = strconv.AppendInt(append(answers, `,{"code":`...), int64(code), 10)
		answers = append(append(append(answers, `,"body":`...), body...), '}')
	}
	b = strconv.AppendInt(append(b, `{"total":`...), int64(len(parts)), 10)
	b = appendCount(b, "successful", successful)
	b = appendCount(b, "failed", len(parts)-successful)
	b = append(append(b, `,"responses":[`...), answers[1:]...)
	return 200, append(b, `]}`...)
}

// part answers one part of a batch. The parameters may be in its body, in the
// query of its path, or in both.
func (a *Account) part(p batchPart, q query, spend func() bool) (int, []byte) {
	if a.opt.BatchCostPerPart && !spend() {
		return 429, a.appendMessage(nil, "Too Many Attempts.")
	}
	q.method, q.params, q.body = p.Method, url.Values{}, nil
	path, rawQuery, _ := strings.Cut(p.Path, "?")
	if a.opt.BatchWithoutQuery {
		path, rawQuery = p.Path, ""
	}
	path = strings.TrimPrefix(path, "/")
	if !strings.HasPrefix(path, "api/") {
		return 404, a.appendMessage(nil, "The route "+path+" could not be found.")
	}
	if params, err := url.ParseQuery(rawQuery); err == nil {
		q.params = params
	}
	flatten(q.params, "", p.Body)
	q.path = strings.Trim(strings.TrimPrefix(path, "api/"), "/")
	if plain, err := url.PathUnescape(q.path); err == nil {
		q.path = plain
	}
	return a.answerQuery(nil, q)
}

// parseBatch reads the body of a batch. If it is refused, name and refusal say
// what is wrong with which key.
func parseBatch(body []byte) (parts []batchPart, name, refusal string) {
	var batch struct {
		Requests []batchPart `json:"requests"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || len(batch.Requests) == 0 {
		return nil, "requests", "The requests field is required."
	}
	if len(batch.Requests) > batchMax {
		return nil, "requests", fmt.Sprintf("The requests must not have more than %d items.", batchMax)
	}
	for i, p := range batch.Requests {
		if !slices.Contains([]string{"GET", "POST", "PUT", "DELETE", "PATCH"}, p.Method) {
			name = fmt.Sprintf("requests.%d.method", i)
			return nil, name, "The selected " + name + " is invalid."
		}
		if p.Path == "" {
			name = fmt.Sprintf("requests.%d.path", i)
			return nil, name, "The " + name + " field is required."
		}
	}
	return batch.Requests, "", ""
}

// flatten adds a body to params, as PHP spells nested keys in a query:
// {"filter":{"status":"active"}} becomes filter[status]=active.
func flatten(params url.Values, prefix string, body map[string]any) {
	for key, v := range body {
		if prefix != "" {
			key = prefix + "[" + key + "]"
		}
		switch v := v.(type) {
		case map[string]any:
			flatten(params, key, v)
		case nil:
		case float64:
			params.Set(key, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			params.Set(key, fmt.Sprint(v))
		}
	}
}
