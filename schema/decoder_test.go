package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// show writes a value as tests state it: null, numbers bare, text in quotes.
func show(v *Vector, i int) string {
	switch {
	case v == nil || v.Null(i):
		return "null"
	case v.Kind.text():
		return fmt.Sprintf("%q", v.Text(i))
	case v.Kind == Double:
		return fmt.Sprint(v.Float(i))
	case v.Kind == Bool:
		return fmt.Sprint(v.Int(i) != 0)
	case v.Kind == Timestamp:
		return string(appendTime(nil, v.Int(i)))
	case v.Kind == Date:
		return string(appendDate(nil, v.Int(i)))
	}
	return fmt.Sprint(v.Int(i))
}

func decode(t *testing.T, table, data string) *Page {
	t.Helper()
	p, err := NewDecoder(Lookup(table)).Page([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestValues(t *testing.T) {
	const lone = "\"\ufffd\""
	tests := []struct{ column, value, want string }{
		{"name", `"plain"`, `"plain"`},
		{"name", `""`, `""`},
		{"name", `null`, `null`},
		{"name", `"caf\u00e9 \/ \ud83d\ude00"`, `"café / 😀"`},
		{"name", `12345678901234567890`, `"12345678901234567890"`},
		{"name", `1.50e3`, `"1.50e3"`},
		{"name", `true`, `"true"`},
		{"name", `"a\u0000b"`, `"a\x00b"`},
		{"name", `"\ud800"`, lone},
		{"name", "\"\xff\"", lone},
		{"name", "\"a long text \xff and more\"", "\"a long text \ufffd and more\""},
		{"name", `{"a":1}`, `! {"name":{"a":1}}`},
		{"name", `[ ]`, `! {"name":[]}`},
		{"account_id", `165968862226941797`, `"165968862226941797"`},
		{"stats_sent", `0`, `0`},
		{"stats_sent", `-7`, `-7`},
		{"stats_sent", `3.0`, `3`},
		{"stats_sent", `0.3e1`, `3`},
		{"stats_sent", `12e2`, `1200`},
		{"stats_sent", `1200e-2`, `12`},
		{"stats_sent", `-0`, `0`},
		{"stats_sent", `"12"`, `12`},
		{"stats_sent", `"1\u0032"`, `12`},
		{"stats_sent", `9223372036854775807`, `9223372036854775807`},
		{"stats_sent", `-9223372036854775808`, `-9223372036854775808`},
		{"stats_sent", `9223372036854775808`, `! {"stats.sent":9223372036854775808}`},
		{"stats_sent", `1.5`, `! {"stats.sent":1.5}`},
		{"stats_sent", `1e30`, `! {"stats.sent":1e30}`},
		{"stats_sent", `1e999999999999999999999`, `! {"stats.sent":1e999999999999999999999}`},
		{"stats_sent", `0e999999999999999999999`, `0`},
		{"stats_sent", `"1_000"`, `! {"stats.sent":"1_000"}`},
		{"stats_sent", `true`, `! {"stats.sent":true}`},
		{"stats_open_rate_float", `0`, `0`},
		{"stats_open_rate_float", `0.18315495283767905`, `0.18315495283767905`},
		{"stats_open_rate_float", `"0.5"`, `0.5`},
		{"stats_open_rate_float", `9007199254740992`, `9.007199254740992e+15`},
		{"stats_open_rate_float", `9007199254740993`, `! {"stats.open_rate.float":9007199254740993}`},
		{"stats_open_rate_float", `-9007199254740993`, `! {"stats.open_rate.float":-9007199254740993}`},
		{"stats_open_rate_float", `1e400`, `! {"stats.open_rate.float":1e400}`},
		{"stats_open_rate_float", `1e-400`, `! {"stats.open_rate.float":1e-400}`},
		{"stats_open_rate_float", `0.0e-400`, `0`},
		{"stats_open_rate_float", `"NaN"`, `! {"stats.open_rate.float":"NaN"}`},
		{"stats_open_rate_float", `"0x10"`, `! {"stats.open_rate.float":"0x10"}`},
		{"stats_open_rate_string", `"12.5%"`, `"12.5%"`},
		{"settings_track_opens", `true`, `true`},
		{"settings_track_opens", `"1"`, `true`},
		{"settings_track_opens", `0`, `false`},
		{"settings_track_opens", `"false"`, `false`},
		{"settings_track_opens", `"yes"`, `! {"settings.track_opens":"yes"}`},
		{"settings_track_opens", `2`, `! {"settings.track_opens":2}`},
		{"created_at", `"2025-09-19 11:10:41"`, `2025-09-19 11:10:41`},
		{"created_at", `"2025-09-19T11:10:41.000000Z"`, `2025-09-19 11:10:41`},
		{"created_at", `"2025-09-19T11:10:41.25+02:00"`, `2025-09-19 09:10:41.250000`},
		{"created_at", `"2024-02-29T23:59:59-05:30"`, `2024-03-01 05:29:59`},
		{"created_at", `"1969-12-31 23:59:59"`, `1969-12-31 23:59:59`},
		{"created_at", `"2025-02-29 00:00:00"`, `! {"created_at":"2025-02-29 00:00:00"}`},
		{"created_at", `"0000-00-00 00:00:00"`, `! {"created_at":"0000-00-00 00:00:00"}`},
		{"created_at", `"2025-09-19 24:00:00"`, `! {"created_at":"2025-09-19 24:00:00"}`},
		{"created_at", `"2025-09-19 11:10:41.0000001"`, `! {"created_at":"2025-09-19 11:10:41.0000001"}`},
		{"created_at", `"2025-09-19"`, `! {"created_at":"2025-09-19"}`},
		{"created_at", `1758280241`, `! {"created_at":1758280241}`},
		{"missing_data", ` [ "a" , { "b" : 1.50 , "c" : 165968862226941797 } ] `, `"[\"a\",{\"b\":1.50,\"c\":165968862226941797}]"`},
		{"missing_data", `["caf\u00e9\/\ud800"]`, "\"[\\\"café/\ufffd\\\"]\""},
		{"missing_data", "[\"\xff\"]", "\"[\\\"\ufffd\\\"]\""},
		{"missing_data", `"text"`, `"\"text\""`},
		{"missing_data", `[]`, `"[]"`},
	}
	for _, test := range tests {
		p := decode(t, "campaign", `[{"id":"1",`+nest(test.column, test.value)+`}]`)
		got := show(p.Rows.Vector(test.column), 0)
		if rescued := p.Rows.Vector(Rescued); rescued != nil {
			got = fmt.Sprintf("! %s", rescued.Text(0))
		}
		if got != test.want {
			t.Errorf("%s: %s\n got %s\nwant %s", test.column, test.value, got, test.want)
		}
	}
}

// nest writes a member, inside the objects that the column's path names.
func nest(column, value string) string {
	for _, c := range Lookup("campaign").Columns {
		if c.Name == column {
			names := splitPath(c.Path)
			return `"` + strings.Join(names, `":{"`) + `":` + value + strings.Repeat("}", len(names)-1)
		}
	}
	panic(column)
}

func TestObjects(t *testing.T) {
	tests := []struct{ name, record, sent, rescued string }{
		{"object", `"stats":{"sent":1}`, "1", "null"},
		{"absent", `"name":"x"`, "null", "null"},
		{"null", `"stats":null`, "null", "null"},
		{"empty array", `"stats":[ ]`, "null", "null"},
		{"array", `"stats":[{"sent":1}]`, "null", `"{\"stats\":[{\"sent\":1}]}"`},
		{"text", `"stats":"none"`, "null", `"{\"stats\":\"none\"}"`},
		{"number for a rate", `"stats":{"sent":1,"open_rate":0.5}`, "1", `"{\"stats.open_rate\":0.5}"`},
		{"twice", `"stats":{"sent":1,"opens_count":2,"x":1},"stats":{"sent":3}`, "3", "null"},
		{"twice, then null", `"stats":{"sent":1},"stats":null`, "null", "null"},
		{"misfit, then object", `"stats":7,"stats":{"sent":3}`, "3", "null"},
		{"object, then misfit", `"stats":{"sent":"x","open_rate":1},"stats":7`, "null", `"{\"stats\":7}"`},
		{"member twice", `"stats":{"sent":"x","sent":2}`, "2", "null"},
		{"member twice, then null", `"stats":{"sent":1,"sent":null}`, "null", "null"},
		{"escaped names", `"st\u0061ts":{"se\u006et":5}`, "5", "null"},
		{"in column order", `"warnings":1,"updated_at":2,"stats":{"sent":"y","opens_count":"x"},"name":[]`, "null",
			`"{\"name\":[],\"updated_at\":2,\"stats.sent\":\"y\",\"stats.opens_count\":\"x\"}"`},
	}
	for _, test := range tests {
		p := decode(t, "campaign", `[{`+test.record+`,"id":"1"}]`)
		if got := show(p.Rows.Vector("stats_sent"), 0); got != test.sent {
			t.Errorf("%s: stats_sent: got %s, want %s", test.name, got, test.sent)
		}
		if got := show(p.Rows.Vector(Rescued), 0); got != test.rescued {
			t.Errorf("%s: rescued: got %s, want %s", test.name, got, test.rescued)
		}
		if v := p.Rows.Vector("stats_opens_count"); show(v, 0) != "null" {
			t.Errorf("%s: a value of the object's first coming is left: %s", test.name, show(v, 0))
		}
		if v := p.Rows.Vector("stats.x"); show(v, 0) != "null" {
			t.Errorf("%s: an undeclared value of the object's first coming is left: %s", test.name, show(v, 0))
		}
	}
}

func TestLanguageIsOneColumn(t *testing.T) {
	tests := []struct{ record, want, rescued string }{
		{`"language_id":"4","language":{"id":"4"}`, `"4"`, "null"},
		{`"language":{"id":4},"language_id":"4"`, `"4"`, "null"},
		{`"language":{"id":"4"}`, `"4"`, "null"},
		{`"language":{"id":"4"},"language_id":null`, `"4"`, "null"},
		{`"language_id":"4","language":{"id":null}`, `"4"`, "null"},
		{`"language_id":"4"`, `"4"`, "null"},
		{`"language_id":"4","language":{"id":"5"}`, `"4"`, `"{\"language.id\":\"5\"}"`},
		{`"language_id":{},"language":{"id":"5"}`, `"5"`, `"{\"language_id\":{}}"`},
	}
	for _, test := range tests {
		p := decode(t, "campaign", `[{"id":"1",`+test.record+`}]`)
		if got := show(p.Rows.Vector("language_id"), 0); got != test.want {
			t.Errorf("%s: got %s, want %s", test.record, got, test.want)
		}
		if got := show(p.Rows.Vector(Rescued), 0); got != test.rescued {
			t.Errorf("%s: rescued: got %s, want %s", test.record, got, test.rescued)
		}
	}
}

func TestEmailsLoseTheirBody(t *testing.T) {
	list := decode(t, "campaign", `[{"id":"1","emails":[{"id":"2","stats":{"content":1}},7]}]`)
	single := decode(t, "campaign", `[{"id":"1","emails":[{"content":"<html>","id":"2","cont\u0065nt":1,"stats":{"content":1},"click_map":[{}]}, 7]}]`)
	got, want := show(single.Rows.Vector("emails"), 0), `"[{\"id\":\"2\",\"stats\":{\"content\":1}},7]"`
	if got != want || got != show(list.Rows.Vector("emails"), 0) {
		t.Errorf("emails of a single answer: got %s, of the list %s, want %s", got, show(list.Rows.Vector("emails"), 0), want)
	}
}

func TestDynamicColumns(t *testing.T) {
	p := decode(t, "subscriber", `[
		{"id":"2","fields":{"b":"x","a.b":null,"n": 1.0 },"extra":[ 1, {} ],"groups":[]},
		{"id":"1","fields":{"b":{"deep": "\u00e9"},"c":true},"groups":[],"":"empty"},
		{"fields":{"never":1}},
		{"id":"3","fields":{"b":1,"b":null},"groups":[]}]`)
	got := map[string][]string{}
	for i, c := range p.Rows.Columns[len(Lookup("subscriber").Columns)+1:] {
		if c.Kind != Raw || c.Name != c.Path {
			t.Errorf("column %+v is not raw", c)
		}
		v := p.Rows.Vectors[len(Lookup("subscriber").Columns)+1+i]
		got[c.Path] = []string{show(v, 0), show(v, 1), show(v, 2)}
	}
	want := map[string][]string{
		"fields.b":    {`"{\"deep\":\"é\"}"`, `"\"x\""`, "null"},
		`fields.a\.b`: {"null", "null", "null"},
		"fields.n":    {"null", `"1.0"`, "null"},
		"extra":       {"null", `"[1,{}]"`, "null"},
		"fields.c":    {`"true"`, "null", "null"},
		`\e`:          {`"\"empty\""`, "null", "null"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTooManyDynamicColumns(t *testing.T) {
	record := func(id, from, to int) string {
		var b strings.Builder
		fmt.Fprintf(&b, `{"id":"%d","groups":[],"fields":{`, id)
		for f := from; f < to; f++ {
			fmt.Fprintf(&b, `"f%05d":%d,`, f, f)
		}
		return b.String() + `"f00000":null,"z":null,"z":1,"z":null,"y":1,"y":2}}`
	}
	d := NewDecoder(Lookup("subscriber"))
	for range 3 { // also when the decoder knows more names already than it keeps
		p, err := d.Page([]byte("[" + record(2, 0, 10_000) + "," + record(1, 9_990, 10_020) + "]"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(p.Rows.Columns), len(Lookup("subscriber").Columns)+1+MaxDynamic; got != want {
			t.Errorf("got %d columns, want %d", got, want)
		}
		rescued := p.Rows.Vector(Rescued)
		if got := string(rescued.Text(0)); !strings.HasPrefix(got, `{"fields.f09990":9990,"fields.f09991":9991,`) || !strings.HasSuffix(got, `"fields.f10019":10019,"fields.y":2}`) {
			t.Errorf("first row: rescued %.100s", got)
		}
		if got := strings.Count(string(rescued.Text(1)), ":"); got != 9_000+1 {
			t.Errorf("second row: %d rescued, want 9,000 fields and y", got)
		}
		d.Recycle(p)
	}
}

func TestNesting(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	p := decode(t, "campaign", `[{"id":"1","filter":`+deep(100)+`,"warnings": `+deep(101)+`,"new":`+deep(101)+`,"newer":`+deep(9000)+`}]`)
	for column, want := range map[string]string{
		"filter":   fmt.Sprintf("%q", deep(100)),
		"warnings": "null",
		Rescued:    fmt.Sprintf("%q", `{"warnings":"`+deep(101)+`"}`),
		"new":      fmt.Sprintf("%q", `"`+deep(101)+`"`),
		"newer":    fmt.Sprintf("%q", `"`+deep(9000)+`"`),
	} {
		if got := show(p.Rows.Vector(column), 0); got != want {
			t.Errorf("%s: got %.200s, want %.200s", column, got, want)
		}
	}
}

func TestLargeValue(t *testing.T) {
	text := strings.Repeat("0123456789", 1<<20)
	p := decode(t, "group", `[{"id":"1","name":"`+text+`"}]`)
	if got := string(p.Rows.Vector("name").Text(0)); got != text {
		t.Errorf("got %d bytes, want %d", len(got), len(text))
	}
}

func TestBrokenPages(t *testing.T) {
	for _, data := range []string{``, ` `, `null`, `{}`, `"x"`, `[`, `[{"id":"secret@example.com"]`, `[{"id":"1"}`, `[] []`, `[]x`, "[]\x00", "[] \x00x", `[{"id":"1",}]`, `[{"name":secret@example.com}]`} {
		p, err := NewDecoder(Lookup("group")).Page([]byte(data))
		if err == nil {
			t.Errorf("%q: no error, but %d rows", data, p.Rows.Rows)
		} else if strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "decode page of group") {
			t.Errorf("%q: error %q", data, err)
		}
	}
	many := "[" + strings.Repeat(`{"id":"1"},`, MaxRecords) + "1]"
	if _, err := NewDecoder(Lookup("group")).Page([]byte(many)); err == nil {
		t.Error("a page without end is read")
	}
	if p := decode(t, "group", ` [ ] `); p.Rows.Rows != 0 || p.Rows.Keys([]string{"id"}).Len() != 0 {
		t.Errorf("empty page: %d rows", p.Rows.Rows)
	}
}

func TestDecoderSurvivesBrokenPages(t *testing.T) {
	d := NewDecoder(Lookup("subscriber"))
	want, _ := d.Page([]byte(`[{"id":"1","email":"a","fields":{"x":1},"groups":[{"id":"3"}]}]`))
	if _, err := d.Page([]byte(`[{"id":"9","email":"b","fields":{"y":2},"groups":[{"id":"4"}]},{"stats`)); err == nil {
		t.Fatal("a cut page is read")
	}
	got, err := d.Page([]byte(`[{"id":"1","email":"a","fields":{"x":1},"groups":[{"id":"3"}]}]`))
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
		t.Error(err, d)
	}
}

// Rows cost no allocation of their own: a page of many allocates as often as a page of few.
func TestAllocations(t *testing.T) {
	count := func(rows int) float64 {
		data, d := subscriberPage(rows), NewDecoder(Lookup("subscriber"))
		run := func() {
			p, err := d.Page(data)
			if err != nil || p.Rows.Rows != rows {
				t.Fatal(err)
			}
			d.Recycle(p)
		}
		run()
		return testing.AllocsPerRun(20, run)
	}
	if few, many := count(10), count(500); many > few+10 || many > 40 {
		t.Errorf("10 rows allocate %v times, 500 rows %v times", few, many)
	}
}
