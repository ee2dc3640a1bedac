package readers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// manifest is the part of manifest.json that a loader reads.
type manifest struct {
	Format int
	Tables []struct {
		Name    string
		Columns []struct{ Name string }
		Rows    int64
		Parts   []partState
	}
}

type partState struct {
	Path      string
	Rows      int64
	Bytes     int64
	SHA256    string
	RowGroups []rowGroup `json:"row_groups"`
	LastKey   []string   `json:"last_key"`
}

type rowGroup struct {
	Rows  int64
	First []string
}

func (l *lake) manifest(t testing.TB) manifest {
	t.Helper()
	var m manifest
	b, err := os.ReadFile(filepath.Join(l.dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if m.Format != 5 || len(m.Tables) != len(l.tables) {
		t.Fatalf("manifest of format %d with %d tables, want 4 and %d", m.Format, len(m.Tables), len(l.tables))
	}
	return m
}

// checkOrder checks that the parts of each table, in the manifest's order, hold its rows in strictly ascending order
// of the key: by length, then bytewise.
func (l *lake) checkOrder(t *testing.T, w *warehouse) {
	t.Helper()
	for _, table := range l.manifest(t).Tables {
		var relations []string
		for i, part := range table.Parts {
			relations = append(relations, fmt.Sprintf("SELECT %d AS part, file_row_number AS number, %s FROM %s",
				i, keyList(table.Name), numbered(filepath.Join(l.dir, part.Path))))
		}
		var now, before []string
		for _, k := range keys[table.Name] {
			now = append(now, "strlen("+name(k)+")", name(k))
			before = append(before, "lag(strlen("+name(k)+")) OVER w", "lag("+name(k)+") OVER w")
		}
		n := w.count(t, fmt.Sprintf(`SELECT count(*) FROM (
			SELECT part, number, row(%s) <= row(%s) AS falls FROM (%s) WINDOW w AS (ORDER BY part, number))
			WHERE falls AND (part, number) <> (0, 0)`,
			strings.Join(now, ", "), strings.Join(before, ", "), strings.Join(relations, " UNION ALL ")))
		if n > 0 {
			t.Errorf("%s: %d rows do not sort after the row before them", table.Name, n)
		}
	}
}

// numbered returns the SQL of a file's rows with their numbers in the file, from 0.
func numbered(file string) string { return "read_parquet(" + quote(file) + ", file_row_number = true)" }

// keyList returns the columns of a table's key, as SQL.
func keyList(table string) string {
	var list []string
	for _, k := range keys[table] {
		list = append(list, name(k))
	}
	return strings.Join(list, ", ")
}

// checkManifest compares the manifest with the files: of each table the columns, the rows and the list of files; of each
// part the size, the checksum, the rows, the row groups with their first keys, and the last key.
func (l *lake) checkManifest(t *testing.T, w *warehouse) {
	t.Helper()
	files := l.files(t)
	for _, table := range l.manifest(t).Tables {
		var columns []string
		for _, c := range table.Columns {
			columns = append(columns, c.Name)
		}
		if names, _ := w.describe(t, l.glob(table.Name)); !slices.Equal(columns, names) {
			t.Errorf("%s: manifest has columns %v, the files %v", table.Name, columns, names)
		}
		if n := w.count(t, "SELECT count(*) FROM "+l.glob(table.Name)); n != table.Rows {
			t.Errorf("%s: manifest has %d rows, the files %d", table.Name, table.Rows, n)
		}
		for _, part := range table.Parts {
			delete(files, part.Path)
			if d := cmp.Diff(l.partOnDisk(t, w, table.Name, part.Path), part); d != "" {
				t.Errorf("%s (-file +manifest)\n%s", part.Path, d)
			}
		}
	}
	for path := range files {
		t.Errorf("%s: not in the manifest", path)
	}
}

// partOnDisk describes a part by what is in its file.
func (l *lake) partOnDisk(t testing.TB, w *warehouse, table, path string) partState {
	t.Helper()
	file := filepath.Join(l.dir, path)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	p := partState{Path: path, Bytes: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}
	for _, row := range w.table(t, `SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(`+quote(file)+`) ORDER BY ALL`) {
		rows := row[1].(int64)
		p.RowGroups = append(p.RowGroups, rowGroup{rows, l.keyAt(t, w, table, file, p.Rows)})
		p.Rows += rows
	}
	if p.Rows > 0 {
		p.LastKey = l.keyAt(t, w, table, file, p.Rows-1)
	}
	return p
}

// keyAt returns the key of a row of a file, counted from 0.
func (l *lake) keyAt(t testing.TB, w *warehouse, table, file string, number int64) []string {
	t.Helper()
	var key []string
	for _, row := range w.table(t, fmt.Sprintf("SELECT %s FROM %s WHERE file_row_number = %d",
		keyList(table), numbered(file), number)) {
		for _, v := range row {
			key = append(key, v.(string))
		}
	}
	return key
}

// microseconds writes a time as the number that make_timestamptz takes.
func microseconds(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }
