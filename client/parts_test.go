package client

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func TestParseBatch(t *testing.T) {
	fifty := strings.Repeat(`{"code":404,"body":{}},`, MaxBatch-1) + `{"code":404,"body":{}}`
	got, err := parseBatch([]byte(`{"total":6,"responses":[` +
		`{"code":200,"body":{"data":{"id":"1"},"more":[1]},"x":{}},{"code":"404","body":{"message":"gone"}},` +
		`{"body":{"message":{"a":1}}},{"code":200,"body":[]},{"code":200,"body":{"data":null}},{"code":-1,"body":"<html>"}]}`))
	want := []part{{200, []byte(`{"data":{"id":"1"},"more":[1]}`)}, {404, []byte(`{"message":"gone"}`)}, {0, []byte(`{"message":{"a":1}}`)},
		{200, []byte(`[]`)}, {200, []byte(`{"data":null}`)}, {0, []byte(`"<html>"`)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(part{})); diff != "" || err != nil {
		t.Errorf("error %v, parts differ (-want +got):\n%s", err, diff)
	}
	for _, tc := range []struct {
		body  string
		parts int
		why   string // of the error, "" for none
	}{
		{`{"responses":[]}`, 0, ""},
		{`{"responses":[` + fifty + `]}`, MaxBatch, ""},
		{`{"responses":[` + fifty + `,{}]}`, 0, "too many"},
		{`{"responses":{}}`, 0, "no responses"},
		{`{"total":2}`, 0, "no responses"},
		{`{"responses":[{"code":200`, 0, "cut short"},
		{`{"responses":[{"code":tru}]}`, 0, "not valid"},
		{`[]`, 0, "not a JSON object"},
	} {
		got, err := parseBatch([]byte(tc.body))
		var bad *BodyError
		if tc.why == "" && (err != nil || len(got) != tc.parts) || tc.why != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Why, tc.why)) {
			t.Errorf("%.60s: got %d parts, error %v, want %d, %q", tc.body, len(got), err, tc.parts, tc.why)
		}
	}
}

// Whatever a batch answers, its parts are whole JSON values within it, and reading
// it does not fail in another way than by a BodyError.
func FuzzParseBatch(f *testing.F) {
	for _, seed := range []string{
		`{"total":1,"successful":1,"failed":0,"responses":[{"code":200,"body":{"data":[{"id":"1"}]}}]}`,
		`{"responses":[{"code":404,"body":{"message":"x"}},{"code":"500","body":"<html>"},{},{"body":null}]}`,
		`{"responses":[{"code":200,"body":[1,{"a":"]}"}]}],"responses":[]}`, `{"responses":[{"body":"\u00e9\"}`, `[]`, ``,
		`{"responses":[ {"code" : 200 , "body" : {"data" : [ ] } } ] }`, "{\"responses\":[{\"body\":\"\xff\"}]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, err := parseBatch(body)
		if err != nil {
			if _, ok := errors.AsType[*BodyError](err); !ok || parts != nil {
				t.Fatalf("got %d parts, error %v", len(parts), err)
			}
			return
		}
		var want struct {
			Responses []struct {
				Body jsontext.Value `json:"body"`
			} `json:"responses"`
		}
		if err := jsonv2.Unmarshal(body, &want, lenientJSON); err != nil {
			return // parts that are no objects
		}
		if len(parts) != len(want.Responses) || len(parts) > MaxBatch {
			t.Fatalf("got %d parts, want %d", len(parts), len(want.Responses))
		}
		for i, p := range parts {
			if p.body == nil {
				continue
			}
			if err := newReader(p.body).dec.SkipValue(); err != nil {
				t.Errorf("part %d is no JSON value: %v", i, err)
			}
			if !bytes.Contains(body, p.body) {
				t.Errorf("part %d is not of the body", i)
			}
		}
	})
}

var lenientJSON = jsonv2.JoinOptions(lenient...)

// Parameters are written as PHP nests them; what does not nest is no part of a batch.
func TestNested(t *testing.T) {
	for query, want := range map[string]string{
		"":                 `{}`,
		"limit=100&page=2": `{"limit":"100","page":"2"}`,
		"filter[status]=active&filter[x]=&include=groups": `{"filter":{"status":"active","x":""},"include":"groups"}`,
		"a[b][c]=1&a[b][d]=\"2":                           `{"a":{"b":{"c":"1","d":"\"2"}}}`,
		"ids[]=1":                                         "", "a=1&a=2": "", "a=1&a[b]=2": "", "a[b=1": "", "a]b=1": `{"a]b":"1"}`, "a[b]c=1": "", "a[[b]]=1": "", "=1": "", "[a]=1": "",
	} {
		params, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		object, ok := nested(params)
		if ok != (want != "") {
			t.Errorf("%s: got %v, %t", query, object, ok)
		}
		if !ok {
			continue
		}
		if got, err := jsonv2.Marshal(object, jsonv2.Deterministic(true)); err != nil || string(got) != want {
			t.Errorf("%s: got %s, error %v, want %s", query, got, err, want)
		}
	}
}
