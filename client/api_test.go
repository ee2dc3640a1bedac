package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// api answers one request: a single one, or a part of a batch.
type api func(path string, params url.Values) reply

// server answers single requests and batches from an api.
func (a api) server(t testing.TB) func(int, *http.Request) reply {
	return func(_ int, r *http.Request) reply {
		if r.Method == "GET" {
			return a(strings.TrimPrefix(r.URL.Path, "/api"), r.URL.Query())
		}
		return a.batch(t, r)
	}
}

// batch answers a batch. The slowest part delays it.
func (a api) batch(t testing.TB, r *http.Request) (all reply) {
	var parts []string
	for _, q := range batchParts(t, r) {
		p := a(q.path, q.params)
		all.delay = max(all.delay, p.delay)
		parts = append(parts, fmt.Sprintf(`{"code":%d,"body":%s}`, orDefault(p.status, 200), orDefault(p.body, "null")))
	}
	all.body = fmt.Sprintf(`{"total":%d,"responses":[%s]}`, len(parts), strings.Join(parts, ","))
	return all
}

type batchPart struct {
	path   string
	params url.Values
}

// batchParts reads a batch as the server does: parameters are nested.
func batchParts(t testing.TB, r *http.Request) (parts []batchPart) {
	var batch struct {
		Requests []struct {
			Method, Path string
			Body         map[string]any
		}
	}
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &batch); err != nil || r.URL.Path != "/api/batch" || len(batch.Requests) < 2 || len(batch.Requests) > 50 {
		t.Errorf("got %s %s with %d parts, error %v", r.Method, r.URL, len(batch.Requests), err)
	}
	for _, q := range batch.Requests {
		p := batchPart{path: strings.TrimPrefix(q.Path, "api"), params: url.Values{}}
		flatten(p.params, "", q.Body)
		parts = append(parts, p)
	}
	return parts
}

func flatten(params url.Values, prefix string, body map[string]any) {
	for key, v := range body {
		if prefix != "" {
			key = prefix + "[" + key + "]"
		}
		if inner, ok := v.(map[string]any); ok {
			flatten(params, key, inner)
		} else {
			params.Set(key, v.(string))
		}
	}
}

// pageOf answers with a page of a list of rows named by their list and number.
func pageOf(path string, total int, params url.Values) reply {
	page, _ := strconv.Atoi(params.Get("page"))
	limit, _ := strconv.Atoi(params.Get("limit"))
	page, limit = max(page, 1), orDefault(limit, 50)
	var rows []string
	for i := (page-1)*limit + 1; i <= min(page*limit, total); i++ {
		rows = append(rows, strconv.Quote(path+"#"+strconv.Itoa(i)))
	}
	return ok(fmt.Sprintf(`{"data":[%s],"links":{"next":null},"meta":{"current_page":%d,"last_page":%d,"per_page":%d,"total":%d}}`,
		strings.Join(rows, ","), page, max((total+limit-1)/limit, 1), limit, total))
}

// rowsOf is what a walk of the list returns by collect, page by page.
func rowsOf(path string, total, limit int) string {
	var b strings.Builder
	for page := 1; page == 1 || (page-1)*limit < total; page++ {
		var rows []string
		for i := (page-1)*limit + 1; i <= min(page*limit, total); i++ {
			rows = append(rows, strconv.Quote(path+"#"+strconv.Itoa(i)))
		}
		b.WriteString("[" + strings.Join(rows, ",") + "]")
	}
	return b.String()
}

// metered answers with the headers of the server's limiter, which counts each
// request, and each part of a batch if dear.
func metered(t testing.TB, l *limiter, dear bool, answer api) func(int, *http.Request) reply {
	return func(n int, r *http.Request) reply {
		if r.Method == "GET" || !dear {
			head := l.arrive(true)
			if head.status != 0 {
				return head
			}
			a := answer.server(t)(n, r)
			a.header = head.header
			return a
		}
		var header map[string]string
		a := api(func(path string, params url.Values) reply {
			head := l.arrive(true)
			header = head.header
			if head.status != 0 {
				return head
			}
			return answer(path, params)
		}).batch(t, r)
		a.header = header
		delete(a.header, "Retry-After")
		return a
	}
}

// latency delays all answers.
func latency(d time.Duration, answer func(int, *http.Request) reply) func(int, *http.Request) reply {
	return func(n int, r *http.Request) reply {
		a := answer(n, r)
		a.delay += d
		return a
	}
}
