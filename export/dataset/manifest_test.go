package dataset_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// fullManifest has a value in every member.
func fullManifest() *dataset.Manifest {
	m := nextWorld().part("group_subscriber", 0, "", "x").manifest
	m.Privacy = &dataset.Privacy{Drop: []string{"subscriber.ip_address"}, Hash: []string{"subscriber.email", "subscriber.fields_größe"},
		KeyCheck: strings.Repeat("0a", 32)}
	at := time.Date(2024, 2, 29, 23, 59, 59, 123456000, time.UTC)
	t := m.Table("group_subscriber")
	t.Key, t.Order = []string{"group_id", "subscriber_id"}, []string{"subscriber_id", "group_id"}
	t.Columns = []schema.Column{
		{Name: "group_id", Kind: schema.String, Path: "groups.id", Required: true},
		{Name: "subscriber_id", Kind: schema.String, Path: "id", Required: true},
		{Name: "fields_größe", Kind: schema.Double, Path: `fields.gr\.öße`},
		{Name: "tags", Kind: schema.String, Path: "tags", JSON: true},
		{Name: "_synced_at", Kind: schema.Timestamp},
	}
	t.Rows, t.GreatestUpdatedAt, t.ScanStarted, t.ScanEnded = 3, &at, at.Add(-time.Hour), at
	t.Last, t.Total = dataset.Counts{Added: 1, Changed: 2, Deleted: 3}, dataset.Counts{Added: 4, Changed: 5, Deleted: 6}
	t.Parts[0].Rows = 3
	t.Parts[0].RowGroups = []part.RowGroup{{Rows: 2, First: schema.Key{"9", "1"}}, {Rows: 1, First: schema.Key{"10", "2"}}}
	t.Parts[0].LastKey = schema.Key{"10", "2"}
	m.Feed = dataset.Feed{Keep: 3600, History: true}
	t.CreatedIn = 1
	t.Changes = []dataset.ChangeFile{{Snapshot: 2, At: at, Rows: 6, Bytes: 7, SHA256: strings.Repeat("0b", 32), History: true}}
	return m
}

func TestManifestRefused(t *testing.T) {
	table := func(m *dataset.Manifest) *dataset.TableState { return m.Table("subscriber") }
	part := func(m *dataset.Manifest) *part.Part { return &table(m).Parts[1] }
	changes := func(m *dataset.Manifest) []dataset.ChangeFile { return table(m).Changes }
	tests := map[string]func(m *dataset.Manifest){
		"no snapshot":            func(m *dataset.Manifest) { m.Snapshot = 0 },
		"huge snapshot":          func(m *dataset.Manifest) { m.Snapshot = math.MaxInt64 },
		"other time zone":        func(m *dataset.Manifest) { m.CommittedAt = m.CommittedAt.In(time.FixedZone("", 3600)) },
		"year 10000":             func(m *dataset.Manifest) { table(m).ScanEnded = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"tables out of order":    func(m *dataset.Manifest) { m.Tables[0], m.Tables[1] = m.Tables[1], m.Tables[0] },
		"double table":           func(m *dataset.Manifest) { m.Tables[1] = m.Tables[0] },
		"table name of a path":   func(m *dataset.Manifest) { m.Tables[0].Name = "../x" },
		"hidden table":           func(m *dataset.Manifest) { m.Tables[0].Name = ".mailerlake" },
		"no columns":             func(m *dataset.Manifest) { table(m).Columns = nil },
		"column without name":    func(m *dataset.Manifest) { table(m).Columns[1].Name = "" },
		"column with space":      func(m *dataset.Manifest) { table(m).Columns[1].Name = "a b" },
		"column with escape":     func(m *dataset.Manifest) { table(m).Columns[1].Name = "a\x1b[2J" },
		"columns equal but case": func(m *dataset.Manifest) { table(m).Columns[1].Name = "ID" },
		"raw column":             func(m *dataset.Manifest) { table(m).Columns[1].Kind = schema.Raw },
		"no key":                 func(m *dataset.Manifest) { table(m).Key = nil },
		"key is no column":       func(m *dataset.Manifest) { table(m).Key = []string{"x"} },
		"double key column":      func(m *dataset.Manifest) { table(m).Key = []string{"id", "id"} },
		"order is not the key":   func(m *dataset.Manifest) { table(m).Order = []string{"n"} },
		"negative count":         func(m *dataset.Manifest) { table(m).Total.Deleted = -1 },
		"changed in the future":  func(m *dataset.Manifest) { table(m).ChangedIn = m.Snapshot + 1 },
		"part changed later":     func(m *dataset.Manifest) { part(m).ChangedIn = table(m).ChangedIn + 1 },
		"part never changed":     func(m *dataset.Manifest) { part(m).ChangedIn = 0 },
		"changes in the future":  func(m *dataset.Manifest) { table(m).ChangesSince = table(m).ChangedIn + 1 },
		"changes of nothing":     func(m *dataset.Manifest) { table(m).ChangesSince = 0 },
		"created later":          func(m *dataset.Manifest) { table(m).CreatedIn = table(m).ChangesSince + 1 },
		"created before all":     func(m *dataset.Manifest) { table(m).CreatedIn = -1 },
		"changes of creation":    func(m *dataset.Manifest) { table(m).CreatedIn = 1 },
		"changes out of order":   func(m *dataset.Manifest) { changes(m)[0], changes(m)[1] = changes(m)[1], changes(m)[0] },
		"double changes":         func(m *dataset.Manifest) { changes(m)[1] = changes(m)[0] },
		"changes of a later one": func(m *dataset.Manifest) { changes(m)[1].Snapshot = table(m).ChangedIn + 1 },
		"empty change file":      func(m *dataset.Manifest) { changes(m)[0].Rows = 0 },
		"huge change file":       func(m *dataset.Manifest) { changes(m)[0].Rows = math.MaxInt64 },
		"change file of nothing": func(m *dataset.Manifest) { changes(m)[0].Bytes = 0 },
		"changes unchecked":      func(m *dataset.Manifest) { changes(m)[0].SHA256 = "" },
		"changes in other zone":  func(m *dataset.Manifest) { changes(m)[0].At = changes(m)[0].At.In(time.FixedZone("", 3600)) },
		"kept for less than 0":   func(m *dataset.Manifest) { m.Feed.Keep = -1 },
		"kept forever and a day": func(m *dataset.Manifest) { m.Feed.Keep = math.MaxInt64 },
		"table of change files":  func(m *dataset.Manifest) { m.Tables[0].Name = dataset.ChangesDir },
		"no parts":               func(m *dataset.Manifest) { table(m).Parts, table(m).Rows = nil, 0 },
		"rows do not add up":     func(m *dataset.Manifest) { table(m).Rows++ },
		"part elsewhere":         func(m *dataset.Manifest) { part(m).Path = "subscriber/../../part-00001.parquet" },
		"part of another table":  func(m *dataset.Manifest) { part(m).Path = "group/part-00009.parquet" },
		"part with backslash":    func(m *dataset.Manifest) { part(m).Path = `subscriber\part-00001.parquet` },
		"absolute part":          func(m *dataset.Manifest) { part(m).Path = "/subscriber/part-00001.parquet" },
		"part with newline":      func(m *dataset.Manifest) { part(m).Path += "\n" },
		"double part":            func(m *dataset.Manifest) { part(m).Path = table(m).Parts[0].Path },
		"negative rows":          func(m *dataset.Manifest) { part(m).Rows = -1 },
		"negative bytes":         func(m *dataset.Manifest) { part(m).Bytes = -1 },
		"no checksum":            func(m *dataset.Manifest) { part(m).SHA256 = "" },
		"upper-case checksum":    func(m *dataset.Manifest) { part(m).SHA256 = strings.ToUpper(part(m).SHA256) },
		"first part from a key":  func(m *dataset.Manifest) { table(m).Parts[0].From = schema.Key{"0"} },
		"parts out of order":     func(m *dataset.Manifest) { part(m).From = schema.Key{"9"} },
		"two parts of one range": func(m *dataset.Manifest) {
			s := table(m)
			s.Rows = s.Parts[0].Rows
			for i := range s.Parts[1:] {
				p := &s.Parts[1+i]
				p.From, p.Rows, p.RowGroups, p.LastKey = schema.Key{"7"}, 0, nil, nil
			}
		},
		"key above its range":  func(m *dataset.Manifest) { table(m).Parts[2].From = schema.Key{"6"} },
		"key below its range":  func(m *dataset.Manifest) { part(m).From = schema.Key{"5"} },
		"two columns in a key": func(m *dataset.Manifest) { part(m).RowGroups[0].First = schema.Key{"4", "4"} },
		"groups out of order":  func(m *dataset.Manifest) { part(m).RowGroups[1].First = schema.Key{"4"} },
		"group without rows":   func(m *dataset.Manifest) { part(m).RowGroups[1].Rows = 0 },
		"group with all rows":  func(m *dataset.Manifest) { part(m).RowGroups[1].Rows = math.MaxInt64 },
		"no row groups":        func(m *dataset.Manifest) { part(m).RowGroups = nil },
		"last key too low":     func(m *dataset.Manifest) { part(m).LastKey = schema.Key{"5"} },
		"last key of one row":  func(m *dataset.Manifest) { part(m).LastKey = schema.Key{"60"} },
		"no last key":          func(m *dataset.Manifest) { part(m).LastKey = nil },
		"empty privacy":        func(m *dataset.Manifest) { m.Privacy = &dataset.Privacy{} },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			m := nextWorld().changes("subscriber", 2).manifest.Clone()
			if err := m.Check(); err != nil {
				t.Fatal(err)
			}
			damage(m)
			if err := m.Check(); err == nil {
				t.Error("it passes")
			}
			if _, err := dataset.EncodeManifest(m); err == nil {
				t.Error("it is written")
			}
		})
	}
}

func TestManifestErrorsKeepKeysToThemselves(t *testing.T) {
	m := nextWorld().manifest.Clone()
	m.Table("subscriber").Parts[0].LastKey = schema.Key{"jane@example.com"}
	if err := m.Check(); err == nil || strings.Contains(err.Error(), "jane") {
		t.Errorf("error = %v, want one without the key", err)
	}
}

func TestPartFor(t *testing.T) {
	s := nextWorld().manifest.Table("subscriber") // ranges from the beginning, 4, 7
	for key, want := range map[string]int{"": 0, "1": 0, "3": 0, "4": 1, "6": 1, "7": 2, "9": 2, "10": 2} {
		if got := s.PartFor(schema.Key{key}); got != want {
			t.Errorf("PartFor(%q) = %d, want %d", key, got, want)
		}
	}
	if got := (&dataset.TableState{}).PartFor(schema.Key{"1"}); got != -1 {
		t.Errorf("PartFor without parts = %d, want -1", got)
	}
}

func TestNextPart(t *testing.T) {
	m := nextWorld().manifest
	if got, want := m.Table("group").NextPart(), "group/part-00004.parquet"; got != want {
		t.Errorf("NextPart = %s, want %s", got, want)
	}
	s := dataset.TableState{Name: "t"}
	if got, want := s.NextPart(), "t/part-00000.parquet"; got != want {
		t.Errorf("NextPart of a new table = %s, want %s", got, want)
	}
	s.Parts = []part.Part{{Path: part.Path("t", 99999)}}
	if got, want := s.NextPart(), "t/part-100000.parquet"; got != want || part.TableOf(got) != "t" {
		t.Errorf("NextPart = %s of table %q, want %s", got, part.TableOf(got), want)
	}
}

func TestManifestPut(t *testing.T) {
	var m dataset.Manifest
	for _, name := range []string{"b", "c", "a", "b"} {
		m.Put(dataset.TableState{Name: name, Rows: int64(len(m.Tables))})
	}
	want := []dataset.TableState{{Name: "a", Rows: 2}, {Name: "b", Rows: 3}, {Name: "c", Rows: 1}}
	if diff := cmp.Diff(want, m.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if m.Table("b") != &m.Tables[1] || m.Table("x") != nil || (*dataset.Manifest)(nil).Table("a") != nil {
		t.Error("Table finds a wrong one")
	}
}

func TestManifestClone(t *testing.T) {
	m := fullManifest()
	before := encode(t, m)
	c := m.Clone()
	if diff := cmp.Diff(m, c); diff != "" {
		t.Errorf("the clone differs: %s", diff)
	}
	s := c.Table("group_subscriber")
	s.Key[0], s.Order[0], s.Columns[0].Name = "x", "x", "x"
	*s.GreatestUpdatedAt = time.Time{}
	s.Parts[0].RowGroups[1].First[0], s.Parts[0].LastKey[0] = "x", "x"
	c.Table("group").Parts[1].From[0] = "x"
	s.Changes[0].Rows++
	c.Privacy.Drop[0], c.Privacy.Hash[0], c.Privacy.KeyCheck = "x.x", "x.x", ""
	if after := encode(t, m); string(after) != string(before) {
		t.Errorf("a change of the clone shows in the original:\n%s", after)
	}
}
