package delta_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// line is an action of a log, as a reader that knows nothing of this program sees it.
type line map[string]map[string]any

// version is what a reader knows of a table at one version.
type version struct {
	number   int
	lines    []line
	at       int64            // inCommitTimestamp
	files    map[string]int64 // sizes by path
	removed  map[string]bool
	features []any
	metadata map[string]any
	txns     map[string]int64
}

// versionsOf reads the log of a table from its JSON entries alone, or from the first checkpoint if the log does not begin
// with version 0.
func versionsOf(t *testing.T, m *memory, table string) []*version {
	t.Helper()
	var all []*version
	last := &version{number: -1, files: map[string]int64{}, removed: map[string]bool{}, txns: map[string]int64{}}
	for number := range 1000 {
		data, ok := m.objects[fmt.Sprintf("%s/_delta_log/%020d.json", table, number)]
		begins := number == 0 || m.objects[fmt.Sprintf("%s/_delta_log/%020d.checkpoint.parquet", table, number)] != nil
		if len(all) == 0 && !(ok && begins) {
			continue
		}
		if !ok {
			break
		}
		if len(all) == 0 && number > 0 {
			last = checkpointOf(t, m, table, number)
		} else {
			last = next(t, last, number, data)
		}
		all = append(all, last)
	}
	for name := range m.objects {
		if strings.HasPrefix(name, table+"/_delta_log/") && strings.HasSuffix(name, ".json") && path.Base(name) > fmt.Sprintf("%020d.json", last.number) {
			t.Errorf("%s is there, and the one before it is not", name)
		}
	}
	return all
}

// linesOf reads a log entry.
func linesOf(t *testing.T, data []byte) (lines []line) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		var l line
		if err := d.Decode(&l); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		if len(l) != 1 {
			t.Fatalf("a line with %d actions", len(l))
		}
		lines = append(lines, l)
	}
}

// next applies a log entry, and checks what the protocol demands of one.
func next(t *testing.T, before *version, number int, data []byte) *version {
	t.Helper()
	v := &version{number: number, lines: linesOf(t, data), files: maps.Clone(before.files), removed: maps.Clone(before.removed), features: before.features,
		metadata: before.metadata, txns: maps.Clone(before.txns)}
	if number > 0 && number != before.number+1 {
		t.Fatalf("version %d follows version %d", number, before.number)
	}
	if info := v.lines[0]["commitInfo"]; info == nil {
		t.Errorf("version %d does not begin with commitInfo", number)
	} else if v.at = integer(info["inCommitTimestamp"]); v.at <= before.at {
		t.Errorf("version %d: timestamp %d does not follow %d", number, v.at, before.at)
	}
	seen := map[string]bool{}
	for _, l := range v.lines {
		v.apply(t, l, seen)
	}
	return v
}

func (v *version) apply(t *testing.T, l line, seen map[string]bool) {
	t.Helper()
	for kind, a := range l {
		id := fmt.Sprint(kind, a["path"], a["appId"])
		if kind == "add" || kind == "remove" {
			id = fmt.Sprint(a["path"]) // not both of one path
		}
		if seen[id] {
			t.Errorf("version %d has two actions for %s", v.number, id)
		}
		seen[id] = true
		p, _ := a["path"].(string)
		switch kind {
		case "protocol":
			v.features, _ = a["writerFeatures"].([]any)
			if integer(a["minReaderVersion"]) != 1 || integer(a["minWriterVersion"]) != 7 || a["readerFeatures"] != nil {
				t.Errorf("version %d: protocol %v", v.number, a)
			}
		case "metaData":
			v.metadata = a
		case "txn":
			v.txns[a["appId"].(string)] = integer(a["version"])
		case "add":
			if _, ok := v.files[p]; ok || a["partitionValues"] == nil || integer(a["size"]) < 1 || a["stats"] == nil {
				t.Errorf("version %d: add %v", v.number, a)
			}
			v.files[p] = integer(a["size"])
			delete(v.removed, p)
		case "remove":
			if size, ok := v.files[p]; !ok || integer(a["size"]) != size || a["partitionValues"] == nil || integer(a["deletionTimestamp"]) != v.at {
				t.Errorf("version %d: remove %v", v.number, a)
			}
			delete(v.files, p)
			v.removed[p] = true
		case "cdc":
			if a["dataChange"] != false || integer(a["size"]) < 1 {
				t.Errorf("version %d: cdc %v", v.number, a)
			}
		}
	}
}

func integer(v any) int64 {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case int64:
		return v
	case int32:
		return int64(v)
	}
	return 0
}

// checkpointOf reads a checkpoint.
func checkpointOf(t *testing.T, m *memory, table string, number int) *version {
	t.Helper()
	data := m.objects[fmt.Sprintf("%s/_delta_log/%020d.checkpoint.parquet", table, number)]
	v := &version{number: number, files: map[string]int64{}, removed: map[string]bool{}, txns: map[string]int64{}}
	for _, row := range parquetRows(t, data) {
		for kind, a := range row {
			a, _ := a.(map[string]any)
			switch kind {
			case "protocol":
				v.features, _ = a["writerFeatures"].([]any)
			case "metaData":
				v.metadata = a
			case "txn":
				v.txns[a["appId"].(string)] = integer(a["version"])
			case "add":
				v.files[a["path"].(string)] = integer(a["size"])
			case "remove":
				v.removed[a["path"].(string)] = true
			}
		}
	}
	v.lines = linesOf(t, m.objects[fmt.Sprintf("%s/_delta_log/%020d.json", table, number)])
	v.at = integer(v.lines[0]["commitInfo"]["inCommitTimestamp"])
	return v
}

// parquetRows reads the rows of a Parquet file, without the members that are null.
func parquetRows(t *testing.T, data []byte) (rows []map[string]any) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r := parquet.NewReader(file)
	defer r.Close()
	for {
		row := map[string]any{}
		if err := r.Read(&row); err == io.EOF {
			return rows
		} else if err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(row, func(_ string, v any) bool { return v == nil })
		rows = append(rows, row)
	}
}

// sameState compares two versions as far as a checkpoint has them.
func sameState(a, b *version) bool {
	return maps.Equal(a.files, b.files) && maps.Equal(a.txns, b.txns) && slices.Equal(a.features, b.features) &&
		a.metadata["schemaString"] == b.metadata["schemaString"] && a.metadata["id"] == b.metadata["id"]
}
