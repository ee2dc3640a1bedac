package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseBatch(t *testing.T) {
	fifty := strings.Repeat(`{"code":404,"body":{}},`, maxBatch-1) + `{"code":404,"body":{}}`
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
		{`{"responses":[` + fifty + `]}`, maxBatch, ""},
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
