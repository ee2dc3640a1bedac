package encode_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/feed"
	"mailerlake/export/feed/encode"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// state is a table whose key does not come first.
var state = &dataset.TableState{Name: "thing", Key: []string{"id"}, Columns: []schema.Column{
	{Name: "text", Kind: schema.String, Path: "text"}, schematest.KeyColumn("id"), {Name: "n", Kind: schema.Int64, Path: "n"},
	{Name: "rate", Kind: schema.Double, Path: "rate"}, {Name: "flag", Kind: schema.Bool, Path: "flag"},
	{Name: "at", Kind: schema.Timestamp, Path: "at"}, {Name: "day", Kind: schema.Date, Path: "day"}}}

// rows are an insert, an update with nulls and a delete.
func rows() *feed.Changed {
	b := &schema.Batch{Columns: state.Columns, Rows: 3}
	for i, c := range state.Columns {
		v := schema.NewVector(c.Kind)
		switch i {
		case 0:
			v.AppendText([]byte("a \"quote\", é\nand {\"json\": [1]}"))
			v.AppendText(nil)
			v.AppendNull(1)
		case 1:
			for _, id := range []string{"7", "10", "11"} {
				v.AppendText([]byte(id))
			}
		default:
			v.AppendInt([]int64{0, 0, math.MaxInt64, int64(math.Float64bits(0.1)), 1, 1234567890123456, -1}[i])
			v.AppendNull(2)
		}
		b.Vectors = append(b.Vectors, v)
	}
	return &feed.Changed{Kinds: []feed.Kind{feed.Insert, feed.Update, feed.Delete}, Rows: b}
}

// encoded returns the rows in a format.
func encoded(t *testing.T, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := encode.New(format, &out, "mailerlake 1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Begin(state, 12), e.Rows(rows()), e.End()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestJSON(t *testing.T) {
	want := []string{
		`{"_table":"thing","_change":"insert","_snapshot":12,"text":"a \"quote\", é\nand {\"json\": [1]}","id":"7","n":9223372036854775807,"rate":0.1,"flag":true,"at":"2009-02-13T23:31:30.123456Z","day":"1969-12-31"}`,
		`{"_table":"thing","_change":"update","_snapshot":12,"text":"","id":"10","n":null,"rate":null,"flag":null,"at":null,"day":null}`,
		`{"_table":"thing","_change":"delete","_snapshot":12,"id":"11"}`,
	}
	if d := cmp.Diff(strings.Join(want, "\n")+"\n", string(encoded(t, encode.JSON))); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestJSONOfOddNumbers: what JSON has no number for is text.
func TestJSONOfOddNumbers(t *testing.T) {
	c := rows()
	c.Kinds, c.Rows.Rows = c.Kinds[:1], 1
	c.Rows.Vectors[3] = schema.NewVector(schema.Double)
	c.Rows.Vectors[3].AppendFloat(math.Inf(-1))
	var out bytes.Buffer
	e, _ := encode.New(encode.JSON, &out, "mailerlake 1")
	if err := errors.Join(e.Begin(state, 12), e.Rows(c), e.End()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["rate"] != "-Inf" {
		t.Errorf("got %v, %v", got["rate"], err)
	}
}

func TestCSV(t *testing.T) {
	text := encoded(t, encode.CSV)
	got, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"_change", "_snapshot", "text", "id", "n", "rate", "flag", "at", "day"},
		{"insert", "12", "a \"quote\", é\nand {\"json\": [1]}", "7", "9223372036854775807", "0.1", "true", "2009-02-13T23:31:30.123456Z", "1969-12-31"},
		{"update", "12", "", "10", "", "", "", "", ""}, {"delete", "12", "", "11", "", "", "", "", ""}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for _, line := range []string{"\nupdate,12,\"\",\"10\",,,,,\n", "\ndelete,12,,\"11\",,,,,\n"} {
		if !strings.Contains(string(text), line) { // null is not empty text
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

func TestParquet(t *testing.T) {
	data := encoded(t, encode.Parquet)
	r, err := part.OpenDescribed(&disktest.File{Data: data}, int64(len(data)), 3, 20)
	if err != nil {
		t.Fatal(err)
	}
	v, names := &schema.Vector{}, []string{}
	for i, c := range r.Columns() {
		names = append(names, c.Name)
		if err := r.Read(0, i, v); err != nil {
			t.Fatal(err)
		}
		if i >= 2 && !v.EqualRows(0, rows().Rows.Vectors[i-2], 0, 3) {
			t.Errorf("column %s has other values", c.Name)
		}
	}
	if d := cmp.Diff([]string{"_change", "_snapshot", "text", "id", "n", "rate", "flag", "at", "day"}, names); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if err := errors.Join(r.Read(0, 0, v)); err != nil || string(v.Text(2)) != "delete" {
		t.Errorf("the last change is %q, %v", v.Text(2), err)
	}
}

// TestNoRows: a file without rows is one that readers can read.
func TestNoRows(t *testing.T) {
	for format, want := range map[string]string{encode.JSON: "", encode.CSV: "_change,_snapshot,\"text\",\"id\",\"n\",\"rate\",\"flag\",\"at\",\"day\"\n"} {
		var out bytes.Buffer
		e, _ := encode.New(format, &out, "mailerlake 1")
		if err := errors.Join(e.Begin(state, 12), e.End()); err != nil || out.String() != want {
			t.Errorf("%s: got %q, %v", format, out.String(), err)
		}
	}
	f := &disktest.File{}
	e, _ := encode.New(encode.Parquet, f, "mailerlake 1")
	if err := errors.Join(e.Begin(state, 12), e.End()); err != nil {
		t.Fatal(err)
	}
	if _, err := part.OpenDescribed(f, f.Size(), 0, 20); err != nil {
		t.Error(err)
	}
	if _, err := encode.New("xml", nil, ""); err == nil {
		t.Error("there is a format xml")
	}
}

// TestFullDisk: an error of the output is the encoder's.
func TestFullDisk(t *testing.T) {
	for _, format := range []string{encode.JSON, encode.CSV, encode.Parquet} {
		e, _ := encode.New(format, &disktest.File{Full: true}, "mailerlake 1")
		if err := errors.Join(e.Begin(state, 12), e.Rows(rows()), e.End()); !errors.Is(err, disktest.ErrFull) {
			t.Errorf("%s: got %v", format, err)
		}
	}
}
