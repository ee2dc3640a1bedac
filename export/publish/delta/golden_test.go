package delta_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// TestEntries compares the log entries of a small table with what they should be, line by line.
func TestEntries(t *testing.T) {
	w, m := newMemoryWorld(t, 1)
	w.table.Columns = []schema.Column{schematest.KeyColumn("id"), {Name: "größe", Kind: schema.String}}
	w.rows[1001] = row{"id": "1001", "größe": "a \"b\""}
	w.dirty[1001/partRows] = true
	w.commit()
	w.publish()
	w.rows[1001] = row{"id": "1001"}
	w.table.Columns = append(w.table.Columns, schema.Column{Name: "at", Kind: schema.Timestamp}, schema.Column{Name: "n", Kind: schema.Int64})
	w.dirty[1001/partRows] = true
	w.history = true
	w.commit()
	w.publish() // at the same time: the version's is a millisecond later
	want := []string{
		`{"commitInfo":{"timestamp":1772337906789,"inCommitTimestamp":1772337906789,"operation":"CREATE TABLE","operationParameters":{},"operationMetrics":{"numAddedFiles":"1","numRemovedFiles":"0"},"isBlindAppend":false,"engineInfo":"mailerlake 1.2.3","userMetadata":"mailerlake snapshot 1","txnId":"token-000000000001","mailerlake":{"snapshot":1,"snapshot_id":"id-1"}}}
{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["inCommitTimestamp"]}}
{"metaData":{"id":"ID","name":"thing","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"größe\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{"delta.deletedFileRetentionDuration":"interval 7 days","delta.enableInCommitTimestamps":"true","delta.logRetentionDuration":"interval 7 days"},"createdTime":1772337906789}}
{"txn":{"appId":"mailerlake/42","version":1,"lastUpdated":1772337906789}}
{"add":{"path":"part-00020-00000001-SUM.parquet","partitionValues":{},"size":SIZE,"modificationTime":1772337906789,"dataChange":true,"stats":"{\"numRecords\":1,\"minValues\":{\"id\":\"1001\",\"größe\":\"a \\\"b\\\"\"},\"maxValues\":{\"id\":\"1001\",\"größe\":\"a \\\"b\\\"\"},\"nullCount\":{\"id\":0,\"größe\":0}}"}}
`,
		`{"commitInfo":{"timestamp":1772337906790,"inCommitTimestamp":1772337906790,"operation":"MERGE","operationParameters":{},"operationMetrics":{"numAddedFiles":"1","numRemovedFiles":"1"},"isBlindAppend":false,"engineInfo":"mailerlake 1.2.3","userMetadata":"mailerlake snapshot 2","txnId":"token-000000000002","mailerlake":{"snapshot":2,"snapshot_id":"id-2"}}}
{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["changeDataFeed","inCommitTimestamp"]}}
{"metaData":{"id":"ID","name":"thing","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"größe\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},{\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{"delta.deletedFileRetentionDuration":"interval 7 days","delta.enableChangeDataFeed":"true","delta.enableInCommitTimestamps":"true","delta.logRetentionDuration":"interval 7 days"},"createdTime":1772337906789}}
{"txn":{"appId":"mailerlake/42","version":2,"lastUpdated":1772337906790}}
{"remove":{"path":"part-00020-00000001-SUM.parquet","deletionTimestamp":1772337906790,"dataChange":true,"extendedFileMetadata":true,"partitionValues":{},"size":SIZE}}
{"add":{"path":"part-00020-00000002-SUM.parquet","partitionValues":{},"size":SIZE,"modificationTime":1772337906790,"dataChange":true,"stats":"{\"numRecords\":1,\"minValues\":{\"id\":\"1001\"},\"maxValues\":{\"id\":\"1001\"},\"nullCount\":{\"id\":0,\"größe\":1,\"at\":1,\"n\":1}}"}}
{"cdc":{"path":"_change_data/cdc-00000001-00000002-SUM.parquet","partitionValues":{},"size":SIZE,"dataChange":false}}
`}
	id := w.was.ID
	for version := range want {
		got := string(m.objects[fmt.Sprintf(entryOf, version)])
		for _, files := range []string{"part-00020-00000001-", "part-00020-00000002-", "cdc-00000001-00000002-"} {
			for key, data := range m.objects {
				if _, sum, ok := strings.Cut(key, files); ok {
					got = strings.ReplaceAll(got, files+sum[:8], files+"SUM")
					got = strings.ReplaceAll(got, fmt.Sprintf(`"size":%d`, len(data)), `"size":SIZE`)
				}
			}
		}
		got = strings.ReplaceAll(got, id, "ID")
		if diff := cmp.Diff(strings.Split(want[version], "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("version %d:\n%s", version, diff)
		}
	}
}

// TestStats looks at the statistics that columns of some values have.
func TestStats(t *testing.T) {
	micro := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	long, highest := strings.Repeat("é", 31), strings.Repeat("\U0010ffff", 40)
	tests := map[string]struct {
		values     []any
		least, top string // as JSON, empty if there is none
	}{
		"text":                {[]any{"b", "a", "ab"}, `"a"`, `"b"`},
		"text and null":       {[]any{nil, "x"}, `"x"`, `"x"`},
		"nulls":               {[]any{nil, nil}, "", ""},
		"empty text":          {[]any{"", "b"}, `""`, `"b"`},
		"32 characters":       {[]any{long + "z"}, `"` + long + `z"`, `"` + long + `z"`},
		"33 characters":       {[]any{long + "zz"}, `"` + long + `z"`, `"` + long + `{"`},
		"before surrogates":   {[]any{long + "\ud7ff" + "x"}, `"` + long + "\ud7ff" + `"`, `"` + long + "\ue000" + `"`},
		"highest at the end":  {[]any{long + "\U0010ffff" + "x"}, `"` + long + "\U0010ffff" + `"`, `"` + strings.Repeat("é", 30) + "ê" + `"`},
		"nothing is above":    {[]any{highest}, `"` + highest[:32*4] + `"`, ""},
		"control characters":  {[]any{"\x00\n\u2028"}, `"\u0000\n` + "\u2028" + `"`, `"\u0000\n` + "\u2028" + `"`},
		"counts":              {[]any{int64(math.MaxInt64), int64(math.MinInt64)}, "-9223372036854775808", "9223372036854775807"},
		"rates":               {[]any{1.5, -2.25e300}, "-2.25e+300", "1.5"},
		"zeros":               {[]any{0.0, math.Copysign(0, -1)}, "-0.0", "0.0"},
		"infinite":            {[]any{math.Inf(-1), 1.0}, "", "1"},
		"not a number":        {[]any{math.NaN()}, "", ""},
		"flags":               {[]any{true, false}, "", ""},
		"times":               {[]any{micro("2026-01-02T03:04:05.000001Z"), micro("2026-01-02T03:04:05.999001Z")}, `"2026-01-02T03:04:05.000Z"`, `"2026-01-02T03:04:06.000Z"`},
		"whole milliseconds":  {[]any{micro("2026-01-02T03:04:05.006Z")}, `"2026-01-02T03:04:05.006Z"`, `"2026-01-02T03:04:05.006Z"`},
		"times before 1970":   {[]any{micro("1969-12-31T23:59:59.999999Z")}, `"1969-12-31T23:59:59.999Z"`, `"1970-01-01T00:00:00.000Z"`},
		"times out of range":  {[]any{micro("0000-01-01T00:00:00Z"), micro("9999-12-31T23:59:59.999999Z")}, "", ""},
		"days":                {[]any{int32(-1), int32(20000)}, `"1969-12-31"`, `"2024-10-04"`},
		"days out of range":   {[]any{int32(math.MinInt32), int32(math.MaxInt32)}, "", ""},
		"a day and a far one": {[]any{int32(0), int32(math.MaxInt32)}, `"1970-01-01"`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, m := newMemoryWorld(t, 1)
			w.table.Columns = []schema.Column{schematest.KeyColumn("id"), {Name: "c", Kind: kindOf(test.values)}}
			nulls := 0
			for i, v := range test.values {
				w.rows[1000+i] = row{"id": fmt.Sprint(1000 + i), "c": v}
				if v == nil {
					nulls++
				}
			}
			w.dirty[20] = true
			w.commit()
			w.publish()
			got := statsIn(t, m)
			if string(got.Least["c"]) != test.least || string(got.Greatest["c"]) != test.top || got.Nulls["c"] != nulls || got.Rows != len(test.values) {
				t.Errorf("%s to %s, %d nulls of %d; want %s to %s, %d", got.Least["c"], got.Greatest["c"], got.Nulls["c"], got.Rows, test.least, test.top, nulls)
			}
		})
	}
}

type stats struct {
	Rows     int                        `json:"numRecords"`
	Least    map[string]json.RawMessage `json:"minValues"`
	Greatest map[string]json.RawMessage `json:"maxValues"`
	Nulls    map[string]int             `json:"nullCount"`
}

// statsIn returns the statistics of the only file of version 0.
func statsIn(t *testing.T, m *memory) (s stats) {
	t.Helper()
	for _, l := range linesOf(t, m.objects[fmt.Sprintf(entryOf, 0)]) {
		if a := l["add"]; a != nil {
			if err := json.Unmarshal([]byte(a["stats"].(string)), &s); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// kindOf returns the kind of a column of some values.
func kindOf(values []any) schema.Kind {
	for _, v := range values {
		switch v.(type) {
		case int64:
			return schema.Int64
		case float64:
			return schema.Double
		case bool:
			return schema.Bool
		case time.Time:
			return schema.Timestamp
		case int32:
			return schema.Date
		}
	}
	return schema.String
}

// TestStatsOfManyColumns looks at which columns have statistics.
func TestStatsOfManyColumns(t *testing.T) {
	w, m := newMemoryWorld(t, 1)
	for i := range 60 {
		w.table.Columns = append(w.table.Columns, schema.Column{Name: fmt.Sprintf("c%d", i), Kind: schema.Int64})
	}
	w.put(1000)
	w.commit()
	w.publish()
	got := statsIn(t, m)
	for i, c := range w.table.Columns {
		if _, ok := got.Nulls[c.Name]; ok != (i < 32) {
			t.Errorf("column %d: %v", i, ok)
		}
	}
}
