package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// partedLake has the core tables, exported into parts so small that every table but the smallest has several.
func partedLake(t *testing.T) *lake {
	l := newLake(t, mailerlitetest.Options{Subscribers: 300, Groups: 7, Campaigns: 9, CustomFields: 3})
	l.exportParted(t)
	return l
}

func (l *lake) exportParted(t *testing.T) {
	t.Helper()
	o := l.options(t)
	o.Sizes = part.Sizes{Group: 40, Part: 100}
	l.now = l.now.Add(time.Hour)
	o.Now = func() time.Time { return l.now }
	if r, err := export.Export(context.Background(), o); err != nil || r.Failed() {
		t.Fatalf("%+v, %v", r, err)
	}
}

func (l *lake) path(name string) string { return filepath.Join(l.dir, filepath.FromSlash(name)) }

func (l *lake) verify(t *testing.T) *export.Verification {
	t.Helper()
	v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (l *lake) manifest(t testing.TB) *dataset.Manifest {
	t.Helper()
	data, err := os.ReadFile(l.path(dataset.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := dataset.DecodeManifest(dataset.ManifestName, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// forge changes the manifest, which stays one that passes every rule for manifests.
func (l *lake) forge(t *testing.T, change func(*dataset.Manifest)) {
	t.Helper()
	m := l.manifest(t)
	change(m)
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.path(dataset.ManifestName), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// forgePart replaces the bytes of a part and makes the manifest say so: the checksum no longer shows it.
func (l *lake) forgePart(t *testing.T, path string, data []byte, rows int64) {
	t.Helper()
	if err := os.WriteFile(l.path(path), data, 0o644); err != nil {
		t.Fatal(err)
	}
	l.forge(t, func(m *dataset.Manifest) {
		state := m.Table(part.TableOf(path))
		p := state.Part(path)
		p.Bytes, p.SHA256 = int64(len(data)), fmt.Sprintf("%x", sha256.Sum256(data))
		for g := range p.RowGroups {
			p.RowGroups[g].Bytes, p.RowGroups[g].Pages = 0, ""
		}
		p.RowGroups[len(p.RowGroups)-1].Rows += rows
		p.Rows += rows
		state.Rows += rows
	})
}

// rewrite rewrites a part with changed rows, bypassing all checks of the program's own writer.
func (l *lake) rewrite(t *testing.T, path string, change func(group int, rows []parquet.Row) []parquet.Row) {
	t.Helper()
	data, err := os.ReadFile(l.path(path))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[any](&out, file.Schema(), parquet.DataPageVersion(1))
	for _, note := range file.Metadata().KeyValueMetadata {
		w.SetKeyValueMetadata(note.Key, note.Value)
	}
	var more int64
	for g, group := range file.RowGroups() {
		rows := make([]parquet.Row, group.NumRows())
		for i, r := 0, group.Rows(); i < len(rows); {
			n, err := r.ReadRows(rows[i:])
			if n == 0 {
				t.Fatal(err)
			}
			for ; n > 0; n-- {
				rows[i] = rows[i].Clone()
				i++
			}
		}
		changed := change(g, rows)
		more += int64(len(changed) - len(rows))
		if _, err := w.WriteRows(changed); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l.forgePart(t, path, out.Bytes(), more)
}

// set returns a change of one text in one row of the second row group.
func set(t *testing.T, m *dataset.Manifest, path, column, text string, row int) func(int, []parquet.Row) []parquet.Row {
	i := slices.IndexFunc(m.Table(part.TableOf(path)).Columns, func(c schema.Column) bool { return c.Name == column })
	if i < 0 {
		t.Fatalf("no column %s", column)
	}
	return func(g int, rows []parquet.Row) []parquet.Row {
		if g == 1 {
			rows[row][i] = parquet.ByteArrayValue([]byte(text)).Level(0, rows[row][i].DefinitionLevel(), i)
			if !m.Table(part.TableOf(path)).Columns[i].Required {
				rows[row][i] = rows[row][i].Level(0, 1, i)
			}
		}
		return rows
	}
}

func TestVerifyWhole(t *testing.T) {
	l := partedLake(t)
	l.account.Advance(1)
	l.exportParted(t)
	m := l.manifest(t)
	v, err := export.Verify(context.Background(), disk.OS(false), l.dir, tables.All()) // it knows tables that the dataset lacks
	if err != nil {
		t.Fatal(err)
	}
	if v.Damaged() || v.Pending || v.Restarted || v.Dangling() != 0 || v.Snapshot != 2 || v.Dataset != l.dir {
		t.Errorf("a whole dataset is called %+v", v)
	}
	var want []export.TableVerification
	for _, s := range m.Tables {
		want = append(want, export.TableVerification{Name: s.Name, Parts: len(s.Parts), Rows: s.Rows, ChangeFiles: len(s.Changes)})
	}
	if d := cmp.Diff(want, v.Tables); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
	if len(m.Table("subscriber").Parts) < 3 || len(m.Table("subscriber").Parts[0].RowGroups) < 3 {
		t.Error("the dataset is too small to show anything")
	}
	const leftOut = "the dataset does not have the table"
	references := []export.Reference{{Table: "campaign", Column: "language_id", To: "campaign_language", Unchecked: leftOut},
		{Table: "campaign", Column: "default_email_id", To: "campaign_email", Unchecked: leftOut},
		{Table: "campaign", Column: "settings_winner_email_id", To: "campaign_email", Unchecked: leftOut},
		{Table: "group_subscriber", Column: "subscriber_id", To: "subscriber"},
		{Table: "group_subscriber", Column: "group_id", To: "group"}}
	if d := cmp.Diff(references, v.References); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
}

func TestVerifyJSON(t *testing.T) {
	data, err := json.Marshal(partedLake(t).verify(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"problems":[]`, `"pending":false`, `{"name":"group","parts":1,"rows":7`, `"dangling":0`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is missing in %s", want, data)
		}
	}
}

const (
	first  = "subscriber/part-00000.parquet"
	second = "subscriber/part-00001.parquet"
)

func TestVerifyDamage(t *testing.T) {
	type damage func(t *testing.T, l *lake)
	write := func(path string, change func([]byte) []byte) damage {
		return func(t *testing.T, l *lake) {
			data, err := os.ReadFile(l.path(path))
			if err == nil {
				err = os.WriteFile(l.path(path), change(data), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(path, column, text string, row int) damage {
		return func(t *testing.T, l *lake) { l.rewrite(t, path, set(t, l.manifest(t), path, column, text, row)) }
	}
	rows := func(path string, change func(int, []parquet.Row) []parquet.Row) damage {
		return func(t *testing.T, l *lake) { l.rewrite(t, path, change) }
	}
	all := func(damages ...damage) damage {
		return func(t *testing.T, l *lake) {
			for _, d := range damages {
				d(t, l)
			}
		}
	}
	missing := func(path string) damage {
		return func(t *testing.T, l *lake) {
			if err := os.Remove(l.path(path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(data []byte) []byte { data[len(data)/2] ^= 1; return data }
	tests := map[string]struct {
		damage damage
		want   map[string]string // what is said, by part
	}{
		"missing":   {missing(second), map[string]string{second: "file is missing"}},
		"truncated": {write(second, func(b []byte) []byte { return b[:len(b)-1] }), map[string]string{second: "the manifest says"}},
		"emptied":   {write(second, func(b []byte) []byte { return nil }), map[string]string{second: "file has 0 bytes"}},
		"one bit":   {write(second, flip), map[string]string{second: "checksum"}},
		"several": {all(write(first, flip), missing(second), write("campaign/part-00000.parquet", flip)),
			map[string]string{first: "checksum", second: "file is missing", "campaign/part-00000.parquet": "checksum"}},
		"no Parquet": {func(t *testing.T, l *lake) { l.forgePart(t, second, []byte("garbage, garbage, garbage"), 0) },
			map[string]string{second: "does not end like a Parquet file"}},
		"another table's": {func(t *testing.T, l *lake) {
			data, err := os.ReadFile(l.path("group/part-00000.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			l.forgePart(t, second, data, 0)
		}, map[string]string{second: "columns"}},
		"rows missing": {func(t *testing.T, l *lake) {
			l.rewrite(t, second, func(g int, rows []parquet.Row) []parquet.Row { return rows })
			l.forge(t, func(m *dataset.Manifest) {
				p := m.Table("subscriber").Part(second)
				p.RowGroups[0].Rows++
				p.RowGroups[1].Rows--
			})
		}, map[string]string{second: "row group 0 has"}},
		"order": {rows(second, func(g int, rows []parquet.Row) []parquet.Row {
			rows[3], rows[4] = rows[4], rows[3]
			return rows
		}), map[string]string{second: "keys of row group 0: the key of row 4 does not follow"}},
		"double": {rows(second, func(g int, rows []parquet.Row) []parquet.Row {
			rows[5] = rows[4]
			return rows
		}), map[string]string{second: "keys of row group 0: the key of row 5 does not follow"}},
		"first key": {text(second, "id", "1", 0), map[string]string{second: "keys of row group 1: the first one is not the manifest's"}},
		"last key": {func(t *testing.T, l *lake) {
			l.forge(t, func(m *dataset.Manifest) {
				p := m.Table("subscriber").Part(first)
				p.LastKey = p.LastKey.Next()
			})
		}, map[string]string{first: "the last key is not the manifest's"}},
		"key too great": {text(first, "id", "99999999999999999999", 39), map[string]string{first: "keys of row group 1: the last one belongs to the next row group"}},
		"UTF-8":         {text(second, "email", "\xff", 7), map[string]string{second: "column email of row group 1: row 7: text is not valid UTF-8"}},
		"UTF-8 in half": {all(text(first, "email", "\xc3", 7)), map[string]string{first: "row group 1: row 7: text is not valid UTF-8"}},
		"rescued":       {text(second, "_rescued", "[]", 7), map[string]string{second: "column _rescued of row group 1: row 7: text is not a JSON object"}},
		"rescued torn":  {text(second, "_rescued", `{"a":`, 2), map[string]string{second: "text is not a JSON object"}},
		"stray": {func(t *testing.T, l *lake) {
			if err := os.WriteFile(l.path("group/part-00001.parquet"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{"group/part-00001.parquet": "not in the manifest"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := partedLake(t)
			test.damage(t, l)
			v := l.verify(t)
			if !v.Damaged() || len(v.Problems) != len(test.want) {
				t.Errorf("got %+v, want %d problems", v.Problems, len(test.want))
			}
			for _, p := range v.Problems {
				if want, ok := test.want[p.Part]; !ok || !strings.Contains(p.What, want) || p.Table != part.TableOf(p.Part) {
					t.Errorf("got %+v, want %q", p, want)
				}
			}
			checkOthers(t, l, v)
		})
	}
}

// TestVerifyCountsRows: of damaged parts, the rows are counted that a repair could not read.
func TestVerifyCountsRows(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(data []byte) []byte
		groups int // -1 for all
	}{
		"a byte of a page": {func(data []byte) []byte { data[len(data)/8] ^= 1; return data }, 1},
		"the first byte":   {func(data []byte) []byte { data[0] ^= 1; return data }, 0},
		"its footer":       {func(data []byte) []byte { return data[:len(data)-9] }, 0},
		"nearly all of it": {func(data []byte) []byte { return data[:200] }, -1},
		"all of it":        {func([]byte) []byte { return nil }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			l := partedLake(t)
			data, err := os.ReadFile(l.path(first))
			if err == nil {
				err = os.WriteFile(l.path(first), test.damage(data), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			v, state := l.verify(t), l.manifest(t).Table("subscriber")
			groups := state.Parts[0].RowGroups
			want := export.DamageCounts{DamagedParts: 1, DamagedRowGroups: 1, DamagedRows: groups[0].Rows}
			switch {
			case test.groups == 0:
				want.DamagedRowGroups, want.DamagedRows = 0, 0
			case test.groups < 0:
				want.DamagedRowGroups, want.DamagedRows = len(groups), state.Parts[0].Rows
			}
			at := slices.IndexFunc(v.Tables, func(s export.TableVerification) bool { return s.Name == "subscriber" })
			if got := v.Tables[at]; got.DamageCounts != want || got.Rows != state.Rows-want.DamagedRows || got.Parts != len(state.Parts)-1 {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// checkOthers: what is whole was read, and no reference is judged by a damaged table.
func checkOthers(t *testing.T, l *lake, v *export.Verification) {
	t.Helper()
	m := l.manifest(t)
	if len(v.Tables) != len(m.Tables) {
		t.Fatalf("%d tables, want %d", len(v.Tables), len(m.Tables))
	}
	damaged := map[string]bool{}
	for i, s := range m.Tables {
		parts, rows := 0, int64(0)
		for _, p := range s.Parts {
			if slices.ContainsFunc(v.Problems, func(q export.Problem) bool { return q.Part == p.Path }) {
				damaged[s.Name] = true
				continue
			}
			parts, rows = parts+1, rows+p.Rows
		}
		got := v.Tables[i]
		if got.Parts != parts || got.DamagedParts != len(s.Parts)-parts || got.Rows < rows || got.Rows+got.DamagedRows != s.Rows || (got.DamagedRows > 0) != (got.DamagedRowGroups > 0) {
			t.Errorf("got %+v, want %d of %d parts, %d rows in them, %d in all", got, parts, len(s.Parts), rows, s.Rows)
		}
	}
	for _, r := range v.References {
		if (damaged["subscriber"] && r.To == "subscriber") && r.Unchecked == "" || r.Dangling != 0 {
			t.Errorf("reference %+v", r)
		}
	}
}

// leaveOut returns a change of row groups that leaves out the rows of the given numbers, counted over the part.
func leaveOut(numbers ...int) func(int, []parquet.Row) []parquet.Row {
	at := 0
	return func(g int, rows []parquet.Row) []parquet.Row {
		var kept []parquet.Row
		for _, r := range rows {
			if !slices.Contains(numbers, at) {
				kept = append(kept, r)
			}
			at++
		}
		return kept
	}
}

// TestVerifyDangling removes rows that others refer to. The rows come from the last row group, whose count the
// manifest is changed with.
func TestVerifyDangling(t *testing.T) {
	l := partedLake(t)
	members := l.rows(t, "group_subscriber")
	state := l.manifest(t).Table("subscriber")
	at := int(state.Parts[0].Rows) - 2
	l.rewrite(t, first, leaveOut(at))
	l.rewrite(t, "group/part-00000.parquet", leaveOut(3))
	left := [2]map[string]map[string]any{l.rows(t, "subscriber"), l.rows(t, "group")}
	var want [2]int64
	missing := [2]map[string]bool{{}, {}}
	for _, m := range members {
		for i, column := range []string{"subscriber_id", "group_id"} {
			if id := m[column].(string); left[i][id] == nil {
				want[i]++
				missing[i][id] = true
			}
		}
	}
	v := l.verify(t)
	if v.Damaged() || v.Dangling() != want[0]+want[1] || want[1] == 0 {
		t.Errorf("%d references dangle, want %v; problems %v", v.Dangling(), want, v.Problems)
	}
	for i, r := range referencesOf(v, "group_subscriber") {
		if r.Dangling != want[i] || len(r.Examples) != len(missing[i]) || !missing[i][r.Examples[0]] {
			t.Errorf("got %+v, want %d of %v", r, want[i], missing[i])
		}
	}
}

func TestVerifyTableLeftOut(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 300, Groups: 15, CustomFields: 1})
	o := l.options(t)
	o.Tables = []string{"subscriber", "group_subscriber"}
	if _, err := export.Export(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	v := l.verify(t)
	if v.Damaged() || v.Dangling() != 0 {
		t.Errorf("%d references dangle, want none; problems %v", v.Dangling(), v.Problems)
	}
	if r := v.References[1]; r.To != "group" || r.Unchecked == "" {
		t.Errorf("got %+v, want the groups unchecked", r)
	}
	if r := v.References[0]; r.To != "subscriber" || r.Unchecked != "" {
		t.Errorf("got %+v, want the subscribers checked", r)
	}
}

// referencesOf returns the references of a table.
func referencesOf(v *export.Verification, table string) []export.Reference {
	return slices.DeleteFunc(slices.Clone(v.References), func(r export.Reference) bool { return r.Table != table })
}

// TestVerifyManyGroups has more groups than are held in memory at a time.
func TestVerifyManyGroups(t *testing.T) {
	const n = 1<<19 + 10
	key := func(name string) schema.Column {
		return schema.Column{Name: name, Kind: schema.String, Required: true}
	}
	ids := func(from, to int, at func(int) int) *schema.Vector {
		v := schema.NewVector(schema.String)
		for i := from; i < to; i++ {
			v.AppendText(fmt.Appendf(nil, "%d", at(i)))
		}
		return v
	}
	same := func(i int) int { return i }
	one := func(int) int { return 1 }
	dir := filepath.Join(t.TempDir(), "lake")
	// Members of group 0 and of the 11 groups from n on have no group.
	storeTables(t, dir,
		dataset.TableState{Name: "group", Key: []string{"id"}, Columns: []schema.Column{key("id")}},
		[]*schema.Vector{ids(1, n, same)},
		dataset.TableState{Name: "group_subscriber", Key: []string{"group_id", "subscriber_id"}, Order: []string{"subscriber_id", "group_id"},
			Columns: []schema.Column{key("group_id"), key("subscriber_id")}},
		[]*schema.Vector{ids(0, n+11, same), ids(0, n+11, one)},
		dataset.TableState{Name: "subscriber", Key: []string{"id"}, Columns: []schema.Column{key("id")}},
		[]*schema.Vector{ids(0, 2, same)})
	v, err := export.Verify(context.Background(), disk.OS(false), dir, core())
	if err != nil {
		t.Fatal(err)
	}
	if r := v.References[1]; v.Damaged() || r.Dangling != 12 || len(r.Examples) != 10 || r.Examples[0] != "0" || r.Examples[1] != fmt.Sprint(n) {
		t.Errorf("got %+v, %v, want the groups 0 and %d to %d", r, v.Problems, n, n+10)
	}
	if r := v.References[0]; r.Dangling != 0 {
		t.Errorf("got %+v, want none", r)
	}
}

// storeTables commits tables of one part each: pairs of a state and its columns.
func storeTables(t *testing.T, dir string, pairs ...any) {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	c, err := d.Begin()
	if err != nil {
		t.Fatal(err)
	}
	m := &dataset.Manifest{Format: dataset.Format, Program: "test", Snapshot: 1}
	for i := 0; i < len(pairs); i += 2 {
		state := pairs[i].(dataset.TableState)
		storePart(t, c, &state, pairs[i+1].([]*schema.Vector))
		m.Put(state)
	}
	if err := c.Commit(context.Background(), m, nil); err != nil {
		t.Fatal(err)
	}
}

func storePart(t *testing.T, c *dataset.Commit, state *dataset.TableState, vectors []*schema.Vector) {
	t.Helper()
	path := part.Path(state.Name, 0)
	s, err := c.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := part.NewWriter(s, state.Name, state.Columns, state.RowOrder(), "test 1", part.DefaultSizes)
	b := &schema.Batch{Columns: state.Columns, Vectors: vectors, Rows: vectors[0].Len()}
	if err := w.Write(part.Rows{Batch: b, To: b.Rows}); err != nil {
		t.Fatal(err)
	}
	p, err := w.Close()
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.Path, p.Bytes, p.SHA256 = path, s.Bytes(), s.Sum()
	p.ChangedIn, state.ChangedIn, state.ChangesSince = 1, 1, 1
	state.Parts, state.Rows = []part.Part{p}, p.Rows
}

// hookFS calls open before a part is opened.
type hookFS struct {
	disk.FS
	open func(path string) error
}

func (h hookFS) Open(name string) (disk.File, error) {
	if strings.HasSuffix(name, ".parquet") {
		if err := h.open(name); err != nil {
			return nil, err
		}
	}
	return h.FS.Open(name)
}

// TestVerifyWhileExporting lets another run commit in the middle, before each of the files that are opened.
func TestVerifyWhileExporting(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // parts are opened one after the other
	for at := 1; ; at += 5 {
		l := partedLake(t)
		opened := 0
		v, err := export.Verify(context.Background(), hookFS{disk.OS(false), func(string) error {
			if opened++; opened == at {
				l.account.Advance(1)
				l.exportParted(t)
			}
			return nil
		}}, l.dir, core())
		if err != nil {
			t.Fatalf("export before file %d: %v", at, err)
		}
		if opened < at {
			break
		}
		if !v.Restarted || v.Damaged() || v.Snapshot != 2 || v.Dangling() != 0 {
			t.Errorf("export before file %d: %+v", at, v)
		}
	}
}

func TestVerifyAlwaysChanging(t *testing.T) {
	l := partedLake(t)
	_, err := export.Verify(context.Background(), hookFS{disk.OS(false), func(path string) error {
		if strings.Contains(path, "campaign") {
			l.account.Advance(1)
			l.exportParted(t)
		}
		return nil
	}}, l.dir, core())
	if err == nil || !strings.Contains(err.Error(), "verify again while no export runs") {
		t.Errorf("got %v", err)
	}
}

func TestVerifyCancelled(t *testing.T) {
	l := partedLake(t)
	ctx, cancel := context.WithCancel(context.Background())
	v, err := export.Verify(ctx, hookFS{disk.OS(false), func(path string) error { cancel(); return nil }}, l.dir, core())
	if !errors.Is(err, context.Canceled) || v != nil {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestVerifyUnreadable(t *testing.T) {
	l := partedLake(t)
	v, err := export.Verify(context.Background(), hookFS{disk.OS(false), func(path string) error {
		if filepath.ToSlash(path) == filepath.ToSlash(l.path(second)) {
			return &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return nil
	}}, l.dir, core())
	if err != nil || len(v.Problems) != 1 || v.Problems[0].Part != second || !strings.Contains(v.Problems[0].What, "permission") {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestVerifyNothing(t *testing.T) {
	if v, err := export.Verify(context.Background(), disk.OS(false), t.TempDir(), core()); !errors.Is(err, export.ErrNoDataset) {
		t.Errorf("got %+v, %v, want that there is none", v, err)
	}
	l := partedLake(t)
	if err := os.WriteFile(l.path(dataset.ManifestName), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *dataset.DamagedError
	if v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core()); !errors.As(err, &damaged) {
		t.Errorf("got %+v, %v, want a DamagedError", v, err)
	}
}

// TestVerifyPending: what a commit left half done is reported and not called damage.
func TestVerifyPending(t *testing.T) {
	l := partedLake(t)
	if err := os.WriteFile(l.path(dataset.JournalName), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(l.path(second)); err != nil {
		t.Fatal(err)
	}
	if v := l.verify(t); !v.Pending || v.Damaged() || v.Snapshot != 0 || len(v.Tables) != 0 {
		t.Errorf("got %+v", v)
	}
}
