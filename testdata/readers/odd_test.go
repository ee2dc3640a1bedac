package readers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oddity is an odd value in the API's JSON, and what a reader should see in the dataset.
type oddity struct {
	path    string // of the API: an attribute of subscriber, or fields.<key>
	raw     string // JSON, as it comes over the wire
	want    any    // the column as text, nil for NULL
	rescued any    // what _rescued holds for the path, as JSON text; nil for nothing
}

var oddities = []oddity{
	{"fields.notes", `"Zo\u00eb \ud83d\ude00 \u4e2d \u202e"`, "Zoë 😀 中 \u202e", nil},
	{"fields.notes", `"tab\tquote\" back\\slash\/ line\nend"`, "tab\tquote\" back\\slash/ line\nend", nil},
	{"fields.notes", `"a\u0000b"`, "a\x00b", nil},
	{"fields.notes", `""`, "", nil},
	{"fields.notes", `null`, nil, nil},
	{"fields.notes", "\"caf\xe9\"", "caf\uFFFD", nil},
	{"fields.notes", `"\ud800 alone"`, "\uFFFD alone", nil},
	{"fields.notes", `12.50`, "12.50", nil},
	{"fields.loyalty_points", `"12.5"`, "12.5", nil},
	{"fields.loyalty_points", `0`, "0.0", nil},
	{"fields.loyalty_points", `-0.1`, "-0.1", nil},
	{"fields.loyalty_points", `0.30000000000000004`, "0.30000000000000004", nil},
	{"fields.loyalty_points", `"twelve"`, nil, `"twelve"`},
	{"fields.loyalty_points", `1e999`, nil, `1e999`},
	{"fields.birthday", `"1969-12-31"`, "1969-12-31", nil},
	{"fields.birthday", `"1600-02-29"`, "1600-02-29", nil},
	{"fields.birthday", `"0000-00-00"`, nil, `"0000-00-00"`},
	{"fields.birthday", `"2023-02-29"`, nil, `"2023-02-29"`},
	{"sent", `"17"`, "17", nil},
	{"sent", `9223372036854775807`, "9223372036854775807", nil},
	{"sent", `9223372036854775808`, nil, `9223372036854775808`},
	{"sent", `1.5`, nil, `1.5`},
	{"updated_at", `"1969-12-31 23:59:59"`, "1969-12-31 23:59:59+00", nil},
	{"updated_at", `"2026-03-29T02:30:00.000000Z"`, "2026-03-29 02:30:00+00", nil},
	{"updated_at", `"yesterday"`, nil, `"yesterday"`},
	{"serial", `123456789012345678901`, "123456789012345678901", nil},
	{"serial", `true`, "true", nil},
	{"profile", `{"id":123456789012345678,"tags":["a","b"]}`, `{"id":123456789012345678,"tags":["a","b"]}`, nil},
	{"profile", `[]`, `[]`, nil},
}

// TestOddValues gives each subscriber one odd value and checks with DuckDB that it arrives, in its column or in _rescued.
func TestOddValues(t *testing.T) {
	l, w := newLake(t, demo(len(oddities))), newWarehouse(t)
	w.exec(t, "SET TimeZone = 'UTC'")
	ids := l.account.IDs("subscriber")
	for i, o := range oddities {
		l.set(t, ids[i], o)
	}
	l.export(t)
	for i, o := range oddities {
		row := w.table(t, fmt.Sprintf(`SELECT CAST(%s AS VARCHAR), CAST(_rescued::JSON->%s AS VARCHAR) FROM %s WHERE id = %s`,
			name(strings.ReplaceAll(o.path, ".", "_")), quote(`$."`+o.path+`"`), l.glob("subscriber"), quote(ids[i])))[0]
		if d := cmp.Diff([]any{o.want, o.rescued}, row); d != "" {
			t.Errorf("%s %s (-want +got)\n%s", o.path, o.raw, d)
		}
	}
	if report := l.export(t); !report.Empty() {
		t.Errorf("second export: %+v, want no changes", report.Tables)
	}
}

// set gives a subscriber the odd value.
func (l *lake) set(t testing.TB, id string, o oddity) {
	t.Helper()
	var ok bool
	if key, custom := strings.CutPrefix(o.path, "fields."); custom {
		ok = l.account.SetField(id, key, o.raw)
	} else {
		ok = l.account.SetAttribute("subscriber", id, o.path, o.raw)
	}
	if !ok {
		t.Fatalf("the account does not take %s of %s", o.path, id)
	}
}
