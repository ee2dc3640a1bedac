package delta_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/delta"
	"mailerlake/export/publish/store"
)

const entryOf = "thing/_delta_log/%020d.json"

// lived returns a world that was published for some days, and has a snapshot to publish.
func lived(t *testing.T, days int) (*world, *memory) {
	w, m := newMemoryWorld(t, 21)
	for range days {
		w.change()
		w.commit()
		w.publish()
		w.pass(time.Hour)
	}
	w.change()
	w.commit()
	if err := w.upload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w, m
}

// optimize writes a version as Spark does when it puts files together.
func (w *world) optimize(m *memory, extra ...string) {
	m.set("thing/optimized 1.parquet", []byte("data"))
	lines := append([]string{fmt.Sprintf(`{"commitInfo":{"timestamp":%d,"inCommitTimestamp":%d,"operation":"OPTIMIZE","operationParameters":{"predicate":"[]"},"engineInfo":"Apache-Spark/4.0.1 Delta-Lake/4.0.1","txnId":"f1"}}`,
		w.now.UnixMilli(), w.now.UnixMilli()),
		fmt.Sprintf(`{"remove":{"path":"%s","deletionTimestamp":%d,"dataChange":false,"extendedFileMetadata":true,"partitionValues":{},"size":%d}}`, w.was.Files[0].Path, w.now.UnixMilli(), w.was.Files[0].Bytes),
		`{"add":{"path":"optimized%201.parquet","partitionValues":{},"size":4,"modificationTime":1,"dataChange":false,"stats":"{\"numRecords\":1}"}}`,
		`{"txn":{"appId":"stream","version":7}}`}, extra...)
	m.set(fmt.Sprintf(entryOf, w.was.Version+1), []byte(strings.Join(lines, "\n")))
}

// TestForeign meets what other programs did to a table: it is named, and nothing is changed.
func TestForeign(t *testing.T) {
	tests := map[string]struct {
		do                func(w *world, m *memory)
		operation, engine string
		reason            string
	}{
		"optimized": {func(w *world, m *memory) { w.optimize(m) }, "OPTIMIZE", "Apache-Spark/4.0.1 Delta-Lake/4.0.1", ""},
		"without commitInfo": {func(w *world, m *memory) {
			m.set(fmt.Sprintf(entryOf, w.was.Version+1), []byte(`{"txn":{"appId":"mailerlake/42","version":9}}`))
		}, "", "", ""},
		"another account": {func(w *world, m *memory) {
			data := bytes.ReplaceAll(m.objects[fmt.Sprintf(entryOf, w.was.Version)], []byte("mailerlake/42"), []byte("mailerlake/43"))
			m.set(fmt.Sprintf(entryOf, w.was.Version+1), data)
		}, "WRITE", program, ""},
		"commitInfo of other types": {func(w *world, m *memory) {
			m.set(fmt.Sprintf(entryOf, w.was.Version+1), []byte(`{"commitInfo":{"operation":{"name":1},"engineInfo":[],"inCommitTimestamp":"x","mailerlake":3}}`))
		}, "", "", ""},
		"very long names": {func(w *world, m *memory) {
			m.set(fmt.Sprintf(entryOf, w.was.Version+1), []byte(`{"commitInfo":{"operation":"`+strings.Repeat("é", 500)+`","engineInfo":"x"}}`))
		}, strings.Repeat("é", 60) + "...", "x", ""},
		"replaced": {func(w *world, m *memory) {
			m.set(fmt.Sprintf(entryOf, w.was.Version), []byte(`{"commitInfo":{"operation":"RESTORE","engineInfo":"x"}}`))
		}, "RESTORE", "x", "version 4 of its log is not the one that was published"},
		"removed": {func(w *world, m *memory) { clear(m.objects) }, "", "", "version 4 of its log is gone"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, m := lived(t, 5)
			test.do(w, m)
			before := fmt.Sprint(m.objects)
			_, err := delta.Commit(t.Context(), w.input())
			var foreign *delta.ForeignError
			if !errors.As(err, &foreign) {
				t.Fatalf("error %v", err)
			}
			if foreign.Table != "thing" || foreign.Operation != test.operation || foreign.Engine != test.engine || foreign.Reason != test.reason {
				t.Errorf("%+v", foreign)
			}
			if !strings.Contains(err.Error(), "--adopt") {
				t.Errorf("%v does not say what to do", err)
			}
			if fmt.Sprint(m.objects) != before {
				t.Error("objects were changed")
			}
		})
	}
}

// TestForeignLog finds a log where the manifest knows of none.
func TestForeignLog(t *testing.T) {
	w, m := lived(t, 0)
	m.set(fmt.Sprintf(entryOf, 3), []byte(`{"commitInfo":{"operation":"WRITE","engineInfo":"delta-rs"}}`))
	var foreign *delta.ForeignError
	if _, err := delta.Commit(t.Context(), w.input()); !errors.As(err, &foreign) {
		t.Errorf("a log that begins with version 3: %v", err)
	}
	m.set(fmt.Sprintf(entryOf, 0), []byte(`{"commitInfo":{"operation":"WRITE","engineInfo":"delta-rs"}}`))
	if _, err := delta.Commit(t.Context(), w.input()); !errors.As(err, &foreign) || foreign.Engine != "delta-rs" {
		t.Errorf("a log of another program: %v", err)
	}
}

// TestRace lets another publish, or another program, write the version while it is being made.
func TestRace(t *testing.T) {
	w, m := lived(t, 3)
	key := fmt.Sprintf(entryOf, w.was.Version+1)
	other, o := w.clone()
	other.publish()
	r := &racing{memory: m, key: key, data: o.objects[key]}
	in := w.input()
	in.Store = r
	var race *delta.RaceError
	if _, err := delta.Commit(t.Context(), in); !errors.As(err, &race) || race.Version != w.was.Version+1 {
		t.Errorf("another publish: %v", err)
	}
	delete(m.objects, key)
	r.data = []byte(`{"commitInfo":{"operation":"UPDATE","engineInfo":"delta-rs"}}`)
	var foreign *delta.ForeignError
	if _, err := delta.Commit(t.Context(), in); !errors.As(err, &foreign) || foreign.Operation != "UPDATE" {
		t.Errorf("another program: %v", err)
	}
}

// racing is a store in which someone else writes an object just before it is put.
type racing struct {
	*memory
	key  string
	data []byte
}

func (r *racing) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Object, error) {
	if key == r.key {
		r.set(key, r.data)
	}
	return r.memory.Put(ctx, key, body, condition)
}

// TestAhead publishes an older snapshot than the log has.
func TestAhead(t *testing.T) {
	w, m := lived(t, 3)
	w.publish()
	in := w.input()
	in.Snapshot, w.table.Parts = 2, nil
	var ahead *delta.AheadError
	if _, err := delta.Commit(t.Context(), in); !errors.As(err, &ahead) || ahead.Holds != 4 || ahead.Snapshot != 2 {
		t.Errorf("%v after %v", err, m.log)
	}
}

// TestAdopt starts over where another program has written, and goes on from there.
func TestAdopt(t *testing.T) {
	metadata := `{"metaData":{"id":"0c1f93a1-5d5e-4e4e-9d6a-111111111111","name":"theirs","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":["p"],"configuration":{"delta.appendOnly":"true"},"createdTime":1}}`
	tests := map[string]func(w *world, m *memory){
		"optimized": func(w *world, m *memory) { w.optimize(m) },
		"features for writers": func(w *world, m *memory) {
			w.optimize(m, `{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["inCommitTimestamp","appendOnly","checkConstraints"]}}`, metadata)
		},
		"forgotten manifest": func(w *world, m *memory) { w.optimize(m); w.was = nil },
		"gone":               func(w *world, m *memory) { clear(m.objects); w.upload(w.t.Context()) },
		"another table": func(w *world, m *memory) {
			clear(m.objects)
			m.set(fmt.Sprintf(entryOf, 0), []byte(`{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}`+"\n"+metadata+"\n"+
				`{"add":{"path":"s3://elsewhere/x.parquet","partitionValues":{},"size":4,"modificationTime":1,"dataChange":true}}`))
			w.now = w.now.Add(-time.Minute) // a clock that goes wrong
			w.upload(w.t.Context())
		},
		"nothing wrong": func(*world, *memory) {},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			w, m := lived(t, 5)
			do(w, m)
			in := w.input()
			in.Adopt = true
			was, err := delta.Commit(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			w.was = was
			w.checkAdopted(m)
			for range 30 {
				w.change()
				w.commit()
				w.publish()
				w.pass(12 * time.Hour)
			}
			w.checkAdopted(m)
			w.checkLeft(m)
			if m.objects["thing/optimized 1.parquet"] != nil {
				t.Error("a file that was removed long ago is there")
			}
		})
	}
}

// checkAdopted compares the last version with the snapshot. The versions of the other program are not as ours are, so only
// the entries from the last one of ours on are looked at.
func (w *world) checkAdopted(m *memory) {
	w.t.Helper()
	if problems, err := delta.Verify(w.t.Context(), m, "42", w.was, &w.table); err != nil || len(problems) > 0 {
		w.t.Errorf("verify: %v, %v", problems, err)
	}
}

// TestAdopted looks at the version that starts over.
func TestAdopted(t *testing.T) {
	w, m := lived(t, 5)
	w.optimize(m, `{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly","inCommitTimestamp"]}}`)
	old := w.was
	in := w.input()
	in.Adopt = true
	was, err := delta.Commit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	lines := linesOf(t, m.objects[fmt.Sprintf(entryOf, was.Version)])
	if info := lines[0]["commitInfo"]; info["operation"] != "REPLACE TABLE" || was.Version != old.Version+2 {
		t.Errorf("version %d: %v", was.Version, info)
	}
	removed := false
	for _, l := range lines {
		removed = removed || l["remove"]["path"] == "optimized%201.parquet"
		for kind, a := range l {
			if (kind == "add" || kind == "remove") && a["dataChange"] != true {
				t.Errorf("%s %v", kind, a)
			}
		}
	}
	if !removed || was.ID != old.ID || fmt.Sprint(was.Features) != "[appendOnly inCommitTimestamp]" {
		t.Errorf("removed: %v, %+v", removed, was)
	}
	if want := []dataset.DeltaTransaction{{App: "stream", Version: 7}}; fmt.Sprint(was.Transactions) != fmt.Sprint(want) {
		t.Errorf("transactions %v", was.Transactions)
	}
}

// TestStamp adopts a table without timestamps in its log: the metadata says where they begin.
func TestStamp(t *testing.T) {
	w, m := lived(t, 0)
	w.pass(time.Second)
	m.set(fmt.Sprintf(entryOf, 0), []byte(`{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"a","format":{"provider":"parquet","options":{}},"schemaString":"{}","partitionColumns":[],"configuration":{}}}`))
	in := w.input()
	in.Adopt = true
	was, err := delta.Commit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	w.was = was
	w.addColumn()
	w.commit()
	w.publish()
	at := w.now.UnixMilli() + 1 // after the entry before, which was written at this time
	for version := range 2 {
		for _, l := range linesOf(t, m.objects[fmt.Sprintf(entryOf, 1+version)]) {
			c, _ := l["metaData"]["configuration"].(map[string]any)
			if c != nil && (c["delta.inCommitTimestampEnablementVersion"] != "1" || c["delta.inCommitTimestampEnablementTimestamp"] != fmt.Sprint(at)) {
				t.Errorf("version %d: %v, want the timestamp %d", 1+version, c, at)
			}
		}
	}
	if fmt.Sprint(was.Features) != "[appendOnly inCommitTimestamp invariants]" || was.At.UnixMilli() != at {
		t.Errorf("%+v", was)
	}
}

// TestAdoptRefuses finds tables that this program cannot write.
func TestAdoptRefuses(t *testing.T) {
	for name, test := range map[string]struct{ line, says string }{
		"reader":  {`{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}`, "version 3"},
		"mapping": {`{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}`, "version 2"},
		"feature": {`{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["inCommitTimestamp","rowTracking"]}}`, "rowTracking"},
	} {
		t.Run(name, func(t *testing.T) {
			w, m := lived(t, 2)
			w.optimize(m, test.line)
			in := w.input()
			in.Adopt = true
			_, err := delta.Commit(t.Context(), in)
			var unsupported *delta.UnsupportedError
			if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestAdoptCheckpoint adopts a table whose log begins with a checkpoint that another program wrote, with fewer columns.
func TestAdoptCheckpoint(t *testing.T) {
	type foreignRow struct {
		Protocol *struct {
			MinReaderVersion int32 `parquet:"minReaderVersion,optional"`
			MinWriterVersion int32 `parquet:"minWriterVersion,optional"`
		} `parquet:"protocol,optional"`
		MetaData *struct {
			ID            string            `parquet:"id,optional"`
			SchemaString  string            `parquet:"schemaString,optional"`
			Configuration map[string]string `parquet:"configuration,optional"`
		} `parquet:"metaData,optional"`
		Add *struct {
			Path string `parquet:"path,optional"`
			Size int64  `parquet:"size,optional"`
		} `parquet:"add,optional"`
	}
	rows := make([]foreignRow, 3)
	rows[0].Protocol = &struct {
		MinReaderVersion int32 `parquet:"minReaderVersion,optional"`
		MinWriterVersion int32 `parquet:"minWriterVersion,optional"`
	}{1, 2}
	rows[1].MetaData = &struct {
		ID            string            `parquet:"id,optional"`
		SchemaString  string            `parquet:"schemaString,optional"`
		Configuration map[string]string `parquet:"configuration,optional"`
	}{"theirs", "{}", map[string]string{"delta.enableInCommitTimestamps": "true"}}
	rows[2].Add = &struct {
		Path string `parquet:"path,optional"`
		Size int64  `parquet:"size,optional"`
	}{"theirs.parquet", 12}
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	w, m := lived(t, 0)
	m.set("thing/_delta_log/00000000000000000010.checkpoint.parquet", out.Bytes())
	m.set(fmt.Sprintf(entryOf, 10), []byte(`{"commitInfo":{"inCommitTimestamp":4000000000000}}`))
	in := w.input()
	in.Adopt = true
	was, err := delta.Commit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if was.Version != 11 || was.ID != "theirs" || was.At.UnixMilli() != 4000000000001 || len(was.Removed) != 1 || was.Removed[0].Path != "theirs.parquet" {
		t.Errorf("%+v", was)
	}
	m.set("thing/_delta_log/00000000000000000010.checkpoint.parquet", out.Bytes()[:out.Len()-20])
	if _, err := delta.Commit(t.Context(), in); err == nil {
		t.Error("a damaged checkpoint is read")
	}
}
