package mailerlitetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// got is an answer as a client sees it.
type got struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// small describes a small account with rows in every table.
func small() Options {
	return Options{Seed: 7, Subscribers: 130, Groups: 5, Campaigns: 30, CustomFields: 20, RatePerMinute: -1}
}

func request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, "https://connect.mailerlite.com/api"+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer key")
	return r
}

// ask sends a request in process and decodes the answer with encoding/json, which
// is not the program's decoder.
func ask(t *testing.T, a *Account, method, path, body string) got {
	t.Helper()
	return exchange(t, a.Transport(), request(method, path, body))
}

func exchange(t *testing.T, rt http.RoundTripper, r *http.Request) got {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read body: %v", r.Method, r.URL, err)
	}
	g := got{status: resp.StatusCode, header: resp.Header, raw: raw}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&g.body); err != nil {
		t.Fatalf("%s %s: decode %.200s: %v", r.Method, r.URL, raw, err)
	}
	return g
}

func get(t *testing.T, a *Account, path string) got {
	t.Helper()
	return ask(t, a, "GET", path, "")
}

func (g got) rows() []map[string]any {
	var rows []map[string]any
	list, _ := g.body["data"].([]any)
	for _, r := range list {
		rows = append(rows, r.(map[string]any))
	}
	return rows
}

func (g got) ids() []string {
	var ids []string
	for _, r := range g.rows() {
		ids = append(ids, r["id"].(string))
	}
	return ids
}

// at returns the value at a path of object keys.
func (g got) at(path ...string) any {
	var v any = g.body
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// truth returns the rows of a table as Truth writes them.
func truth(t *testing.T, a *Account, table string) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.Truth(table, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// overSocket returns a transport that reaches the account through a server on a
// socket.
func overSocket(t *testing.T, a *Account) http.RoundTripper {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	base := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	t.Cleanup(base.CloseIdleConnections)
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(server.URL, "http://")
		return base.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
