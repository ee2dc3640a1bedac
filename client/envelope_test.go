package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseEnvelope(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		records    string
		want       envelope
	}{
		{"cursor list", `{"data":[{"id":"1"}, {"id":"2"}],"links":{"first":null,"next":"https://x/api/s?cursor=abc"},"meta":{"path":"p","per_page":25,"next_cursor":"abc","prev_cursor":null}}`,
			`[{"id":"1"}, {"id":"2"}]`, envelope{rows: 2, cursor: "abc", nextLink: "https://x/api/s?cursor=abc", perPage: 25, path: "p", total: -1}},
		{"per_page as text", `{"meta":{"per_page":"3","next_cursor":""},"data":[]}`,
			`[]`, envelope{perPage: 3, total: -1}},
		{"cursor in the link alone", `{"data":[],"links":{"next":"https://x/api/s?a=b&cursor=eyJpZCI6%3D"}}`,
			`[]`, envelope{cursor: "eyJpZCI6=", nextLink: "https://x/api/s?a=b&cursor=eyJpZCI6%3D", total: -1}},
		{"page list", `{"data":[1,null,"x",[2]],"meta":{"current_page":2,"from":null,"last_page":9,"links":[{"url":null}],"per_page":5,"total":"41","aggregations":{"all":4,"sent":"3","odd":null,"deep":{"a":1}}}}`,
			`[1,null,"x",[2]]`, envelope{rows: 4, number: 2, lastPage: 9, perPage: 5, total: 41, aggregations: map[string]int64{"all": 4, "sent": 3}}},
		{"aggregations on top", `{"aggregations":{"sum":7},"data":[]}`,
			`[]`, envelope{total: -1, aggregations: map[string]int64{"sum": 7}}},
		{"PHP's empty objects", `{"data":[],"links":[],"meta":[]}`, `[]`, envelope{total: -1}},
		{"numbers out of range", `{"data":[],"meta":{"total":99999999999999999999,"per_page":5000000000,"last_page":-1,"current_page":1.5}}`,
			`[]`, envelope{total: -1}},
		{"bad text passes", "{\"data\":[{\"a\":\"\xff\xfe\",\"a\":\"\\ud800\"}]}",
			"[{\"a\":\"\xff\xfe\",\"a\":\"\\ud800\"}]", envelope{rows: 1, total: -1}},
		{"unknown attributes", `{"odd":{"data":[9],"meta":{"next_cursor":"z"}},"data":[1],"meta":{"odd":{"next_cursor":"z"}},"links":{"odd":{"next":"?cursor=z"}}}`,
			`[1]`, envelope{rows: 1, total: -1}},
		{"the cursor of meta counts", `{"data":[],"links":{"next":"https://x/?cursor=b"},"meta":{"next_cursor":"a"}}`,
			`[]`, envelope{cursor: "a", nextLink: "https://x/?cursor=b", total: -1}},
		{"largest values", `{"data":[],"meta":{"per_page":2147483647,"last_page":2147483648,"next_cursor":"` + strings.Repeat("x", maxCursor) + `"}}`,
			`[]`, envelope{perPage: 2147483647, cursor: strings.Repeat("x", maxCursor), total: -1}},
		{"counts of nothing", `{"data":[],"meta":{"total":0,"aggregations":{"all":0}}}`,
			`[]`, envelope{aggregations: map[string]int64{"all": 0}}},
		{"a cursor that is a number", `{"data":[],"meta":{"next_cursor":17}}`, `[]`, envelope{cursor: "17", total: -1}},
	} {
		var page records
		got, err := newReader([]byte(tc.body)).envelope(byDecoder(page.read))
		if err != nil || page.raw != tc.records {
			t.Errorf("%s: got records %s, error %v, want %s", tc.name, page.raw, err, tc.records)
			continue
		}
		if diff := cmp.Diff(&tc.want, got, cmp.AllowUnexported(envelope{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestParseEnvelopeRefuses(t *testing.T) {
	for _, tc := range []struct{ body, why string }{
		{"", "empty"},
		{" \n", "empty"},
		{html, "web page"},
		{`{"data":[]`, "cut short"},
		{`{"data":[{"email":"secret@example.com`, "cut short"},
		{`{"data":[]}}`, "follows"},
		{`{"data":[]}{"data":[]}`, "follows"},
		{`[]`, "not a JSON object"},
		{`null`, "not a JSON object"},
		{`"text"`, "not a JSON object"},
		{`{"data":null}`, "not a list"},
		{`{"data":{}}`, "not a list"},
		{`{"meta":{}}`, "no data"},
		{`{"data":[1],"data":[]}`, "data twice"},
		{`{"data":[1,]}`, "byte 10"},
		{`{"data":[],"meta":{"next_cursor":{}}}`, "should be text"},
		{`{"data":[],"meta":{"next_cursor":"` + strings.Repeat("x", maxCursor+1) + `"}}`, "too long"},
		{`{"data":[` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `]}`, "too deeply"},
		{`{"a":` + strings.Repeat(`{"a":`, 20_000), "too deeply"},
	} {
		_, err := newReader([]byte(tc.body)).envelope(skip)
		var bad *BodyError
		if !errors.As(err, &bad) || !strings.Contains(bad.Why, tc.why) || strings.Contains(bad.Why, "secret") {
			t.Errorf("%.60q: got error %v, want %q", tc.body, err, tc.why)
		}
	}
}

func TestParseAggregationsBound(t *testing.T) {
	var all []string
	for i := range maxAggregations + 1 {
		all = append(all, fmt.Sprintf(`"a%d":%d`, i, i))
	}
	got, err := newReader([]byte(`{"data":[],"aggregations":{` + strings.Join(all, ",") + `}}`)).envelope(skip)
	if err != nil || len(got.aggregations) != maxAggregations {
		t.Errorf("got %d aggregations, error %v, want %d", len(got.aggregations), err, maxAggregations)
	}
}

func TestParseData(t *testing.T) {
	for body, want := range map[string]string{
		`{"odd":{"data":1},"data":{"id":"1"},"more":[]}`: `{"id":"1"}`,
		`{"data":[]}`:            `[]`,
		`{"data":0}`:             `0`,
		`{"data":null}`:          "",
		`{}`:                     "",
		`{"meta":{"data":{}}}`:   "",
		`{"data":{}`:             "",
		`{"data":{}} {"data":1}`: "",
	} {
		got, err := parseData([]byte(body))
		var bad *BodyError
		if string(got) != want || (want == "") != errors.As(err, &bad) {
			t.Errorf("%s: got %s, error %v, want %s", body, got, err, want)
		}
	}
}

func TestParseAccount(t *testing.T) {
	got, err := parseAccount([]byte(`{"data":{"odd":{"id":"9","name":"x"},"id":"7","plan":{"name":"y"},"name":null}}`))
	if want := (Account{ID: "7"}); err != nil || got != want {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
}

// Recorded answers of the real server are read with all their rows.
func TestRecordedLists(t *testing.T) {
	files, _ := filepath.Glob("../../shared/recorded/*_list.*.json")
	if len(files) == 0 {
		t.Skip("no recorded responses here")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var rec struct{ Body json.RawMessage }
		if err := json.Unmarshal(text, &rec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var want struct {
			Data []json.RawMessage
			Meta struct {
				NextCursor *string `json:"next_cursor"`
				Total      *int64
			}
		}
		if err := json.Unmarshal(rec.Body, &want); err != nil || want.Data == nil {
			continue // some documented examples are no JSON object
		}
		got, err := newReader(rec.Body).envelope(skip)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got.rows != len(want.Data) || want.Meta.NextCursor != nil && got.cursor != *want.Meta.NextCursor ||
			want.Meta.Total != nil && got.total != *want.Meta.Total {
			t.Errorf("%s: got %d rows, cursor %q, total %d", file, got.rows, got.cursor, got.total)
		}
	}
}

// No input causes a panic, and an accepted body is one JSON object whose data is
// the array that encoding/json finds.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"id":"1"},{"id":"2"}],"links":{"next":"https://x/?cursor=a"},"meta":{"per_page":"3","next_cursor":"a"}}`,
		`{"data":[],"meta":{"current_page":1,"last_page":2,"total":7,"aggregations":{"all":1}}}`,
		`{"total":1004}`, `{"data":null}`, `{"data":[1`, html, "{\"data\":[\"\xff\"]}", `{"data":{"id":5,"name":"x"}}`,
		`{"total":1,"responses":[{"code":200,"body":{"data":{"id":"1"}}},{"code":404,"body":{"message":"x"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		parseTotal(body)
		parseAccount(body)
		readComplaint(bytes.NewReader(body))
		if parts, err := parseBatch(body); err == nil && len(parts) > MaxBatch {
			t.Errorf("%d parts", len(parts))
		}
		var page records
		got, err := newReader(body).envelope(byDecoder(page.read))
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
		if err != nil {
			var bad *BodyError
			if !errors.As(err, &bad) || bad.Why == "" {
				t.Errorf("got error %T: %v", err, err)
			}
			return
		}
		var rows []json.RawMessage
		if err := json.Unmarshal([]byte(page.raw), &rows); err != nil || len(rows) != got.rows {
			t.Errorf("data has %d rows, counted %d, error %v", len(rows), got.rows, err)
		}
		if !json.Valid(body) {
			t.Error("accepted a body that is not JSON")
		}
		if got.total < -1 || got.perPage < 0 || got.number < 0 || got.lastPage < 0 || len(got.cursor) > maxCursor {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", -1},
		{"0", "", 0},
		{"59", "", 59 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"-5", "", -1},
		{"soon", "", -1},
		{"1e3", "", -1},
		{"99999999999999999999", "", maxRetryAfter},
		{"9223372036", "", maxRetryAfter},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "", time.Minute},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "Fri, 02 Jan 2026 03:05:00 GMT", 5 * time.Second},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "nonsense", time.Minute},
		{"Fri, 02 Jan 2020 03:05:05 GMT", "", 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "", maxRetryAfter},
	} {
		h := http.Header{"Retry-After": {tc.value}, "Date": {tc.date}}
		if got := retryAfter(h, now); got != tc.want {
			t.Errorf("Retry-After %q, Date %q: got %s, want %s", tc.value, tc.date, got, tc.want)
		}
	}
}

// Any header gives a wait within bounds, or none.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "59", "-1", "99999999999999999999", "Fri, 02 Jan 2026 03:05:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "٣"} {
		f.Add(seed, "")
		f.Add("5", seed)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		got := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, time.Unix(1e9, 0))
		if got < -1 || got > maxRetryAfter || got == -1 && strings.TrimSpace(value) == "0" {
			t.Errorf("got %s", got)
		}
	})
}
