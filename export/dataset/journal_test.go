package dataset

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/part"
	"mailerlake/schema"
)

func testJournal() *journal {
	table := func(name string, parts ...string) TableState {
		t := TableState{Name: name, Key: []string{"id"}, ChangedIn: 2, ChangesSince: 1, Columns: []schema.Column{{Name: "id", Kind: schema.String}}}
		for i, path := range parts {
			p := part.Part{Path: path, ChangedIn: 2, Bytes: 4, SHA256: sumOf([]byte(path))}
			if i > 0 {
				p.From = schema.Key{fmt.Sprint(i)}
			}
			t.Parts = append(t.Parts, p)
		}
		t.Changes = []ChangeFile{{Snapshot: 2, At: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Rows: 1, Bytes: 4, SHA256: sumOf([]byte(name))}}
		return t
	}
	return &journal{
		Token: "0123abcd",
		Install: [][]string{{"group/part-00000.parquet"}, {"group/part-00001.parquet", "field/part-00000.parquet"},
			{"_changes/group/snapshot-00000002.parquet"}},
		Remove: []string{"group/part-00007.parquet", "_changes/group/snapshot-00000001.parquet"},
		Logs:   []string{"subscriber.log"},
		Next: &Manifest{
			Format: Format, Snapshot: 2, CommittedAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
			Tables: []TableState{
				table("field", "field/part-00000.parquet"),
				table("group", "group/part-00000.parquet", "group/part-00001.parquet"),
			},
		},
	}
}

// sealed is a journal whose checksum is right, whatever its body.
func sealed(body []byte) []byte {
	data, _ := json.Marshal(envelope{Format: Format, SHA256: sumOf(body), Commit: jsontext.Value(body)}, jsontext.PreserveRawStrings(true))
	return data
}

func TestJournalRoundTrip(t *testing.T) {
	want := testJournal()
	data, err := encodeJournal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeJournal("j", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// TestJournalDamaged changes every byte, and cuts at every byte: none of that is ever followed.
func TestJournalDamaged(t *testing.T) {
	data, err := encodeJournal(testJournal())
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		changed := []byte(string(data))
		changed[i] ^= 1
		for what, bad := range map[string][]byte{"changed": changed, "cut": data[:i]} {
			_, err := decodeJournal("lake/journal.json", bad)
			var damaged *DamagedError
			var version *VersionError
			if !errors.As(err, &damaged) && !errors.As(err, &version) {
				t.Fatalf("%s at byte %d: error = %v", what, i, err)
			}
		}
	}
}

func TestJournalOfNewerVersion(t *testing.T) {
	_, err := decodeJournal("j", []byte(`{"format":7,"else":[]}`))
	var version *VersionError
	if !errors.As(err, &version) || version.Found != 7 {
		t.Errorf("error = %v, want a VersionError for 7", err)
	}
}

func TestJournalRefused(t *testing.T) {
	tests := map[string]func(j *journal){
		"no manifest":               func(j *journal) { j.Next = nil },
		"bad manifest":              func(j *journal) { j.Next.Snapshot = 0 },
		"no token":                  func(j *journal) { j.Token = "" },
		"token of a path":           func(j *journal) { j.Token = "/../../x" },
		"part not in the manifest":  func(j *journal) { j.Install[0][0] = "group/part-00005.parquet" },
		"part elsewhere":            func(j *journal) { j.Install[0][0] = "../part-00000.parquet" },
		"double part":               func(j *journal) { j.Install[1][0] = j.Install[0][0] },
		"changes not in manifest":   func(j *journal) { j.Install[2][0] = "_changes/group/snapshot-00000003.parquet" },
		"changes of another table":  func(j *journal) { j.Install[2][0] = "_changes/campaign/snapshot-00000002.parquet" },
		"double changes":            func(j *journal) { j.Install[0][0] = j.Install[2][0] },
		"remove changes that stay":  func(j *journal) { j.Remove[1] = "_changes/group/snapshot-00000002.parquet" },
		"remove changes elsewhere":  func(j *journal) { j.Remove[1] = "_changes/../snapshot-00000001.parquet" },
		"remove a change directory": func(j *journal) { j.Remove[1] = "_changes/group" },
		"remove a part of changes":  func(j *journal) { j.Remove[1] = "_changes/part-00000.parquet" },
		"remove what stays":         func(j *journal) { j.Remove[0] = "group/part-00000.parquet" },
		"remove twice":              func(j *journal) { j.Remove = append(j.Remove, j.Remove[0]) },
		"remove elsewhere":          func(j *journal) { j.Remove[0] = "../../etc/passwd" },
		"remove the manifest":       func(j *journal) { j.Remove[0] = "manifest.json" },
		"log elsewhere":             func(j *journal) { j.Logs[0] = "../journal.json" },
		"log in a directory":        func(j *journal) { j.Logs[0] = "a/b" },
		"log with backslash":        func(j *journal) { j.Logs[0] = `..\x` },
		"log that is the directory": func(j *journal) { j.Logs[0] = "." },
		"log without name":          func(j *journal) { j.Logs[0] = "" },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			j := testJournal()
			damage(j)
			if _, err := encodeJournal(j); err == nil {
				t.Error("it is written")
			}
			body, err := json.Marshal(j, encodeOptions)
			if err != nil {
				t.Fatal(err)
			}
			var damaged *DamagedError
			if _, err := decodeJournal("j", sealed(body)); !errors.As(err, &damaged) {
				t.Errorf("read: error = %v, want a DamagedError", err)
			}
		})
	}
}

// FuzzJournal gives every body a right checksum, so that what lies behind it is tried.
func FuzzJournal(f *testing.F) {
	body, err := json.Marshal(testJournal(), encodeOptions)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"token":"00000000","install":[[]],"remove":["a/part-00000.parquet"],"logs":["x"],"next":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := decodeJournal("j", body); err == nil {
			t.Fatal("a body without checksum is accepted")
		}
		j, err := decodeJournal("j", sealed(body))
		if err != nil {
			return
		}
		for _, path := range append(j.Remove, strings.Split(strings.Join(flat(j.Install), ","), ",")...) {
			if path != "" && part.TableOf(path)+ChangesOf(path) == "" {
				t.Errorf("it touches %q", path)
			}
		}
		data, err := encodeJournal(j)
		if err != nil {
			t.Fatalf("write what was accepted: %v", err)
		}
		again, err := decodeJournal("j", data)
		if err != nil {
			t.Fatalf("read back what was accepted: %v", err)
		}
		if diff := cmp.Diff(j, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	})
}

func flat(steps [][]string) (all []string) {
	for _, step := range steps {
		all = append(all, step...)
	}
	return all
}

func TestSteps(t *testing.T) {
	of := func(number int, from, last string) part.Part {
		p := part.Part{Path: part.Path("t", number), LastKey: schema.Key{last}}
		if from != "" {
			p.From = schema.Key{from}
		}
		return p
	}
	manifest := func(parts ...part.Part) *Manifest { return &Manifest{Tables: []TableState{{Name: "t", Parts: parts}}} }
	withChanges := func(m *Manifest) *Manifest {
		m.Tables[0].Changes = []ChangeFile{{Snapshot: 2}}
		return m
	}
	tests := map[string]struct {
		old, next *Manifest
		want      string
	}{
		"first commit":  {nil, manifest(of(0, "", "5"), of(1, "6", "9")), "0|1"},
		"with changes":  {manifest(of(0, "", "5")), withChanges(manifest(of(0, "", "6"), of(1, "7", "9"))), "0|1|changes"},
		"all replaced":  {manifest(of(0, "", "5"), of(1, "6", "9")), manifest(of(0, "", "5"), of(1, "6", "9")), "0|1"},
		"grown":         {manifest(of(0, "", "5")), manifest(of(0, "", "6"), of(1, "7", "9")), "0|1"},
		"first cut":     {manifest(of(0, "", "5")), manifest(of(0, "", "3"), of(1, "4", "5")), "1|0"},
		"cut at last":   {manifest(of(0, "", "5")), manifest(of(0, "", "4"), of(1, "5", "9")), "1|0"},
		"other cut":     {manifest(of(0, "", "2"), of(1, "3", "5")), manifest(of(0, "", "2"), of(1, "3", "3"), of(2, "4", "5")), "0|2|1"},
		"cut into many": {manifest(of(0, "", "9")), manifest(of(0, "", "2"), of(1, "3", "5"), of(2, "6", "9")), "1 2|0"},
		"both cut": {
			manifest(of(0, "", "4"), of(1, "5", "9")),
			manifest(of(0, "", "2"), of(2, "3", "4"), of(1, "5", "6"), of(3, "7", "9")), "2|0|3|1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := &Commit{base: test.old, staged: map[string]*Staged{}}
			for path := range test.next.files() {
				c.staged[path] = &Staged{}
			}
			var steps []string
			for _, step := range c.steps(test.next) {
				var numbers []string
				for _, path := range step {
					if ChangesOf(path) != "" {
						numbers = append(numbers, "changes")
						continue
					}
					numbers = append(numbers, fmt.Sprint((&part.Part{Path: path}).Number()))
				}
				steps = append(steps, strings.Join(numbers, " "))
			}
			if got := strings.Join(steps, "|"); got != test.want {
				t.Errorf("steps = %s, want %s", got, test.want)
			}
		})
	}
}
