package terminal

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

func TestSummary(t *testing.T) {
	at := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	s := &Summary{Dataset: "lake", Account: "83510", Name: "Kornblume\x1b & Söhne", Program: "mailerlake v1", Snapshot: 12, CommittedAt: at, Feed: dataset.Feed{Keep: dataset.DefaultKeep},
		Tables: []TableSummary{
			{Name: "group", Rows: 12, Columns: 20, Parts: 1, Bytes: 5530, ChangedIn: 3, Complete: true, ScanStarted: at.AddDate(0, 0, -1)},
			{Name: "subscriber", Rows: 2018000, Columns: 35, Parts: 16, Bytes: 139 << 20, ChangedIn: 12, Complete: true, ScanStarted: at, ChangeBytes: 3 << 20,
				Last: dataset.Counts{Added: 2400, Changed: 101, Deleted: 6}},
		}}
	want(t, text(t, s.Write), `
account 83510 (Kornblume & Söhne)
snapshot 12, committed 2026-03-02 06:00:00 UTC by mailerlake v1

table            rows       size  last run             snapshot  as of
group              12    5.4 KiB  no changes                  3  2026-03-01 06:00 UTC
subscriber  2,018,000  139.0 MiB  + 2,400, ~ 101, - 6        12  06:00 UTC

2 tables, 2,018,012 rows, 139.0 MiB
changes are kept for 90 days, keys alone: 3.0 MiB
`)
	s.Feed = dataset.Feed{}
	s.Tables, s.Name, s.Pending = s.Tables[:1], "", true
	s.Tables[0].Complete = false
	want(t, text(t, s.Write), `
account 83510
snapshot 12, committed 2026-03-02 06:00:00 UTC by mailerlake v1

table  rows     size  last run    snapshot  as of
group    12  5.4 KiB  no changes         3  2026-03-01 06:00 UTC

1 table, 12 rows, 5.4 KiB
changes are not kept

incomplete: group
Rows deleted in MailerLite may still be in the dataset. The next export checks again.

A commit is unfinished: some parts may be newer than shown here. The next mailerlake export finishes it.
`)
}

func TestChangesKept(t *testing.T) {
	for feed, want := range map[dataset.Feed]string{
		{}:                               "changes are not kept",
		{Keep: 86400}:                    "changes are kept for 1 day, keys alone: 2.0 KiB",
		{Keep: 36 * 3600, History: true}: "changes are kept for 36 hours, whole rows: 2.0 KiB",
		{Keep: 90}:                       "changes are kept for 90 seconds, keys alone: 2.0 KiB",
	} {
		if got := changesKept(feed, 2048); got != want {
			t.Errorf("%+v: %q, want %q", feed, got, want)
		}
	}
}

func TestSummarize(t *testing.T) {
	d := &dataset.Dataset{Manifest: &dataset.Manifest{Program: "mailerlake v1", Snapshot: 2, Account: dataset.Account{ID: "1", Name: "A"},
		Tables: []dataset.TableState{{Name: "group", Rows: 3, Columns: make([]schema.Column, 4), ChangedIn: 1, ChangesSince: 1, Complete: true,
			Changes: []dataset.ChangeFile{{Bytes: 5}, {Bytes: 6}},
			Parts:   []part.Part{{Bytes: 10}, {Bytes: 32}}, Total: dataset.Counts{Added: 3}}}}}
	s, err := Summarize(d)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Tables[0]
	wanted := TableSummary{Name: "group", Rows: 3, Columns: 4, Parts: 2, Bytes: 42, ChangedIn: 1, ChangesSince: 1, ChangeFiles: 2, ChangeBytes: 11, Complete: true, Total: dataset.Counts{Added: 3}}
	if got != wanted || s.Account != "1" || s.Snapshot != 2 || s.Pending {
		t.Errorf("got %+v in %+v, want %+v", got, s, wanted)
	}
}

func TestSummarizeNothing(t *testing.T) {
	dir := t.TempDir()
	open := func() error {
		d, err := dataset.Open(disk.OS(false), dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Summarize(d)
		return err
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "there is no dataset") {
		t.Errorf("empty directory: got %v", err)
	}
	journal := filepath.Join(dir, filepath.FromSlash(dataset.JournalName))
	if err := os.MkdirAll(filepath.Dir(journal), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journal, []byte("{}"), fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "first commit is unfinished") {
		t.Errorf("first commit pending: got %v", err)
	}
}

func TestSchema(t *testing.T) {
	declared := Schema(tables.All(), nil)
	if len(declared) != len(tables.All().Tables()) {
		t.Fatalf("got %d tables, want %d", len(declared), len(tables.All().Tables()))
	}
	stored := []schema.Column{{Name: "id", Kind: schema.String, Path: "id", Required: true}, {Name: "fields_x", Kind: schema.Double, Path: "fields.x\u202e"},
		{Name: "tags", Kind: schema.String, Path: "tags", JSON: true}, {Name: schema.SyncedAt, Kind: schema.Timestamp}}
	mixed := Schema(tables.All(), &dataset.Manifest{Tables: []dataset.TableState{{Name: "group", Key: []string{"id"}, Columns: stored}}})
	for i, table := range mixed {
		if table.Name == "group" {
			want(t, text(t, func(w io.Writer) error { return WriteSchema(w, mixed[i:i+1]) }), `
group (key id)
  id          STRING         id
  fields_x    DOUBLE         fields.x
  tags        STRING (JSON)  tags
  _synced_at  TIMESTAMP
`)
		} else if got, want := len(table.Columns), len(declared[i].Columns); got != want || got == 0 {
			t.Errorf("%s: got %d columns, want the %d declared", table.Name, got, want)
		}
	}
	two := text(t, func(w io.Writer) error { return WriteSchema(w, declared[:2]) })
	if got := strings.Count(two, "\n\n"); got != 1 {
		t.Errorf("%d empty lines between two tables:\n%s", got, two)
	}
}

func TestVerification(t *testing.T) {
	v := &export.Verification{Dataset: "lake", Snapshot: 3, Tables: []export.TableVerification{{Name: "group", Parts: 1, Rows: 12}, {Name: "subscriber", Parts: 2, Rows: 2018}}}
	write := func(w io.Writer) error { return Verification(w, v, []string{"export", "--repair", "--out", v.Dataset}) }
	want(t, text(t, write), `
  group          12 rows  in 1 undamaged part
  subscriber  2,018 rows  in 2 undamaged parts

No damage: snapshot 3 matches its manifest.
`)
	v.Tables, v.Restarted = v.Tables[:1], true
	v.Tables[0].Parts, v.Tables[0].DamageCounts = 0, export.DamageCounts{DamagedParts: 1, DamagedRowGroups: 2, DamagedRows: 1000}
	v.Problems = []export.Problem{{Table: "group", Part: "group/part-00000.parquet", What: "file is missing\x1b[2J"}}
	v.References = []export.Reference{{Table: "group_subscriber", Column: "group_id", To: "group", Dangling: 2, Examples: []string{"7\x1b[2J", "8"}},
		{Table: "group_subscriber", Column: "subscriber_id", To: "subscriber", Unchecked: "a table is damaged"}, {Table: "a", Column: "b", To: "c"},
		{Table: "activity", Column: "subscriber_id", To: "subscriber", Dangling: 1, Loose: true, Examples: []string{"1/2"}},
		{Table: "campaign", Column: "language_id", To: "language", Unchecked: "the dataset does not have the table"},
		{Table: "item", Column: "group_id", To: "group", Dangling: 1042, Examples: []string{"7"}},
		{Table: "d", Column: "e", To: "subscriber", Unchecked: "a table is damaged"}}
	want(t, text(t, write), `
  group  12 rows  in 0 undamaged parts and 1 damaged part, of which 1,000 rows in 2 row groups cannot be read
  damaged: group/part-00000.parquet file is missing[2J

  lead to rows that the dataset lacks; not damage: deletes withheld, or tables exported separately
    group_subscriber.group_id -> group      2 rows  such as 7[2J
    item.group_id -> group              1,042 rows  such as 7

  lead to rows that MailerLite does not list, or not any more, such as those of deleted subscribers
    activity.subscriber_id -> subscriber  1 row  such as 1/2

  not checked: a table is damaged
    group_subscriber.subscriber_id -> subscriber
    d.e -> subscriber

  not checked: the dataset does not have the table
    campaign.language_id -> language

Another run committed during the check, which was then repeated on the new snapshot.

Damaged: 1 problem in snapshot 3; 1,000 of 1,012 rows cannot be read. Repair it with mailerlake export --repair --out lake
`)
	v.Restarted, v.References, v.Problems[0].ByHand, v.Tables[0].DamagedRows = false, nil, true, 0
	want(t, text(t, write), `
  group  12 rows  in 0 undamaged parts and 1 damaged part, of which all rows can be read
  damaged: group/part-00000.parquet file is missing[2J

Damaged: 1 problem in snapshot 3. Move the files away that are not in the manifest.
`)
	v.Destination, v.Tables[0].Parts, v.Tables[0].DamagedRows = true, 3, 7
	want(t, text(t, write), `
  group  12 rows  in 3 undamaged parts, and 7 in 1 damaged part
  damaged: group/part-00000.parquet file is missing[2J

Damaged: 1 problem in snapshot 3. Move the files away that are not in the manifest.
`)
	v.Destination, v.Pending = false, true
	want(t, text(t, write), "Not checked: a commit is unfinished. The next mailerlake export finishes it; verify again after that.\n")
}
