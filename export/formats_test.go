package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/publish/store"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// formats are the directories of testdata that have a dataset each which a program of an older format version wrote.
var formats = []int{2, 3, 4}

// formatTables are the tables of these datasets.
var formatTables = []string{"field", "group", "group_subscriber", "subscriber"}

// ofFormat returns a copy of a dataset of testdata/formats, and the account that it was exported from as it was then.
func ofFormat(t *testing.T, format int, name string) *lake {
	t.Helper()
	l := newLake(t, mailerlitetest.Options{Seed: 20260302, Subscribers: 20, Groups: 3, Campaigns: 6, CustomFields: 2, Segments: 3, Forms: 4, Webhooks: 2,
		Imports: 5, Shops: 2, Products: 16, Orders: 75, Automations: 4, Churn: 5})
	l.account.Advance(2)
	if err := os.CopyFS(l.dir, os.DirFS(filepath.Join("../testdata/formats", strconv.Itoa(format), name))); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lake) formatOptions(t *testing.T) export.Options {
	o := l.options(t)
	o.Tables, o.Yes = formatTables, true
	return o
}

func (l *lake) checkFormat(t *testing.T) {
	t.Helper()
	l.checkTables(t, formatTables)
	v, err := export.Verify(t.Context(), disk.OS(false), l.dir, tables.All())
	if err != nil || v.Damaged() || v.Pending {
		t.Errorf("verify: %v %+v", err, v)
	}
}

var formatPattern = regexp.MustCompile(`"format": (\d+)`)

// formatIn returns the format version that a directory's manifest has.
func formatIn(t *testing.T, dir string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, dataset.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	format, _ := strconv.Atoi(string(formatPattern.FindSubmatch(data)[1]))
	return format
}

// eachFormat runs a test for each older format version.
func eachFormat(t *testing.T, test func(t *testing.T, format int)) {
	for _, format := range formats {
		t.Run(fmt.Sprint(format), func(t *testing.T) {
			t.Parallel()
			test(t, format)
		})
	}
	if newest := formats[len(formats)-1]; newest != dataset.Format-1 {
		t.Errorf("testdata/formats has datasets up to version %d, and this program writes %d", newest, dataset.Format)
	}
}

// TestFormatIsRead: a dataset of an older format version is read as it is.
func TestFormatIsRead(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		l := ofFormat(t, format, "lake")
		before := readFiles(t, l.dir)
		var raw struct {
			Tables []struct {
				Name string
				Last struct{ Inserted, Updated, Deleted int64 } `json:"last_run"`
			}
		}
		if err := json.Unmarshal(before[dataset.ManifestName], &raw, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		changes := int64(0)
		for _, was := range raw.Tables {
			want := dataset.Counts{Added: was.Last.Inserted, Changed: was.Last.Updated, Deleted: was.Last.Deleted}
			if d := cmp.Diff(want, l.manifest(t).Table(was.Name).Last); d != "" {
				t.Errorf("counts of %s (-want +got):\n%s", was.Name, d)
			}
			changes += was.Last.Inserted + was.Last.Updated + was.Last.Deleted
		}
		if changes < 10 || len(raw.Tables) != len(formatTables) {
			t.Errorf("%d changes in %d tables", changes, len(raw.Tables))
		}
		if r, err := export.Plan(t.Context(), l.formatOptions(t)); err != nil || r.Failed() || !r.Empty() {
			t.Errorf("plan: %v %+v", err, r)
		}
		_, c, err := l.readChanges(1, formatTables...)
		var unknown *export.NotKeptError
		if format < 4 && !errors.As(err, &unknown) {
			t.Errorf("changes that nobody kept: %v %+v", err, c)
		}
		if format >= 4 && (err != nil || len(c.Tables) != len(formatTables)) {
			t.Errorf("changes: %v %+v", err, c)
		}
		if _, _, err := l.readChanges(2, formatTables...); err != nil {
			t.Errorf("no changes: %v", err)
		}
		l.checkFormat(t)
		after := readFiles(t, l.dir)
		for path, data := range before {
			if !bytes.Equal(after[path], data) {
				t.Errorf("%s has changed", path)
			}
		}
	})
}

// TestFormatIsMigrated: the next export writes the present version; without changes, it touches no part.
func TestFormatIsMigrated(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		l := ofFormat(t, format, "lake")
		if formatIn(t, l.dir) != format {
			t.Fatal("testdata has another version")
		}
		was, before := l.manifest(t), readParts(t, l.dir)
		if r := mustExport(t, l.formatOptions(t)); !r.Empty() {
			t.Errorf("an unchanged account changes the dataset: %+v", r)
		}
		m, after := l.manifest(t), readParts(t, l.dir)
		delete(before, dataset.ManifestName)
		delete(after, dataset.ManifestName)
		if !sameFiles(before, after) || formatIn(t, l.dir) != dataset.Format || m.Snapshot != was.Snapshot+1 {
			t.Errorf("format %d, snapshot %d after %d, or other parts", formatIn(t, l.dir), m.Snapshot, was.Snapshot)
		}
		for i, s := range m.Tables {
			if d := cmp.Diff(was.Tables[i].Total, s.Total); d != "" || s.Last != (dataset.Counts{}) || s.ChangesSince != was.Tables[i].ChangesSince {
				t.Errorf("%s: %+v, totals (-before +after):\n%s", s.Name, s.Last, d)
			}
		}
		l.checkFormat(t)
		l.account.Advance(1)
		mustExport(t, l.formatOptions(t))
		l.checkFormat(t)
		if text, c, err := l.readChanges(m.Snapshot, formatTables...); err != nil || text == "" || c.Snapshot != m.Snapshot+1 {
			t.Errorf("changes: %v %+v", err, c)
		}
	})
}

// TestFormatIsRolledForward: the next export finishes a commit that a program of an older version left unfinished.
func TestFormatIsRolledForward(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		l := ofFormat(t, format, "unfinished")
		d, err := dataset.Open(disk.OS(false), l.dir)
		if err != nil || !d.Pending() || d.Manifest.Snapshot != 2 {
			t.Fatalf("%v %+v", err, d)
		}
		if _, err := export.Plan(t.Context(), l.formatOptions(t)); err == nil {
			t.Error("an unfinished commit is planned upon")
		}
		l.account.Advance(1)
		if r := mustExport(t, l.formatOptions(t)); !r.Empty() || r.Snapshot != 4 {
			t.Errorf("the commit was finished, and there is more to do: %+v", r)
		}
		if left, _ := os.ReadDir(filepath.Join(l.dir, dataset.StagedDir)); len(left) > 0 || formatIn(t, l.dir) != dataset.Format {
			t.Errorf("format %d, %d files left", formatIn(t, l.dir), len(left))
		}
		l.checkFormat(t)
	})
}

// TestFormatHalfDone: a repair goes back to the account where the journal of such a commit is damaged.
func TestFormatHalfDone(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		l := ofFormat(t, format, "unfinished")
		l.damageJournal(t)
		l.account.Advance(1)
		if _, err := export.Export(t.Context(), l.formatOptions(t)); err == nil {
			t.Error("the journal is damaged, and nothing is said")
		}
		o := l.formatOptions(t)
		o.Repair = true
		mustExport(t, o)
		if formatIn(t, l.dir) != dataset.Format {
			t.Errorf("format %d", formatIn(t, l.dir))
		}
		l.checkFormat(t)
	})
}

// TestMigrationKilled kills the export that migrates, and the one that rolls forward, at operations spread over the run: the
// dataset is in its old version or in the present one, and the next export ends it.
func TestMigrationKilled(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		for _, name := range []string{"lake", "unfinished"} {
			for n, reached := format, true; reached; n += stride(60, 6) { // other operations for each version
				l := ofFormat(t, format, name)
				l.account.Advance(1)
				fsys, err := faultfs.New(l.dir)
				if err != nil {
					t.Fatal(err)
				}
				fsys.ChangesOnly = true
				fsys.KillAt(n)
				o := l.formatOptions(t)
				o.FS = fsys
				_, err = export.Export(context.Background(), o)
				if reached = fsys.Killed(); !reached && err != nil {
					t.Fatal(err)
				}
				fsys.Restart()
				if is := formatIn(t, l.dir); is != format && is != dataset.Format {
					t.Fatalf("%s, killed at operation %d: the manifest has version %d", name, n, is)
				}
				mustExport(t, l.formatOptions(t))
				if formatIn(t, l.dir) != dataset.Format {
					t.Errorf("%s, killed at operation %d: it stays at version %d", name, n, formatIn(t, l.dir))
				}
				l.checkFormat(t)
			}
		}
	})
}

// destination opens a directory as a destination.
func destination(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "file://"+filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (l *lake) publishTo(t *testing.T, dir, format string) *export.Published {
	t.Helper()
	r, err := export.Publish(t.Context(), export.PublishOptions{Destination: export.Destination{Store: destination(t, dir), Format: format}, FS: disk.OS(false), Dir: l.dir, Program: "mailerlake test"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFormatIsPublished: destinations are written in the present version, and moved on to it, whatever the dataset's is.
func TestFormatIsPublished(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		for _, kind := range []string{export.Parquet, export.Delta} {
			l := ofFormat(t, format, "lake")
			there := filepath.Join(t.TempDir(), "there")
			older := filepath.Join("../testdata/formats", strconv.Itoa(format), map[string]string{export.Parquet: "lake", export.Delta: "delta"}[kind])
			if _, err := os.Stat(older); err == nil { // it was published to before
				if err := os.CopyFS(there, os.DirFS(older)); err != nil {
					t.Fatal(err)
				}
				if r := l.publishTo(t, there, ""); r.Current || r.Uploaded.Objects > 0 || r.Before != 2 {
					t.Errorf("%s: the destination has all but the format: %+v", kind, r)
				}
			} else {
				l.publishTo(t, there, kind)
			}
			if formatIn(t, there) != dataset.Format || formatIn(t, l.dir) != format {
				t.Errorf("%s: formats %d and %d", kind, formatIn(t, there), formatIn(t, l.dir))
			}
			if r := l.publishTo(t, there, ""); !r.Current {
				t.Errorf("%s: the destination is not called up to date: %+v", kind, r)
			}
			mustExport(t, l.formatOptions(t))
			l.account.Advance(1)
			mustExport(t, l.formatOptions(t))
			l.publishTo(t, there, "")
			v, err := export.VerifyAt(t.Context(), destination(t, there), nil)
			if err != nil || v.Damaged() || v.Snapshot != 4 {
				t.Errorf("%s: %v %+v", kind, err, v)
			}
		}
	})
}

// TestFormatIsRestored: a destination of an older version becomes a dataset of the present one, with which an export goes on.
func TestFormatIsRestored(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		for _, kind := range []string{"lake", "delta"} {
			there := filepath.Join("../testdata/formats", strconv.Itoa(format), kind)
			if _, err := os.Stat(there); err != nil {
				continue // there were no Delta tables yet
			}
			absolute, err := filepath.Abs(there)
			if err != nil {
				t.Fatal(err)
			}
			l := ofFormat(t, format, "lake")
			l.dir = filepath.Join(t.TempDir(), "again")
			if _, err := export.Restore(t.Context(), export.RestoreOptions{Store: destination(t, absolute), FS: disk.OS(false), Dir: l.dir}); err != nil {
				t.Fatal(err)
			}
			if formatIn(t, l.dir) != dataset.Format {
				t.Errorf("%s: format %d", kind, formatIn(t, l.dir))
			}
			l.checkFormat(t)
			if r := mustExport(t, l.formatOptions(t)); !r.Empty() {
				t.Errorf("%s: an unchanged account changes the dataset: %+v", kind, r)
			}
		}
	})
}

// TestFormatKeepsSyncedAt: rows that stay keep their _synced_at through a migration.
func TestFormatKeepsSyncedAt(t *testing.T) {
	eachFormat(t, func(t *testing.T, format int) {
		l := ofFormat(t, format, "lake")
		before := l.rows(t, "subscriber")
		l.account.Advance(1)
		r := mustExport(t, l.formatOptions(t))
		kept := int64(0)
		for key, row := range l.rows(t, "subscriber") {
			if before[key] != nil && before[key][schema.SyncedAt] == row[schema.SyncedAt] {
				kept++
			}
		}
		if subscriber := tableOf(t, r, "subscriber"); kept != subscriber.Unchanged || kept == 0 {
			t.Errorf("%d rows keep their time, %d are as before", kept, subscriber.Unchanged)
		}
	})
}

// TestFormatsUnknown: a version that this program does not read is refused, and the message says which program does.
func TestFormatsUnknown(t *testing.T) {
	for format, hint := range map[int]string{1: "export into a new directory", dataset.Format + 1: "a newer mailerlake is needed"} {
		l := ofFormat(t, 1, "lake")
		name := filepath.Join(l.dir, dataset.ManifestName)
		data, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, bytes.Replace(data, []byte(`"format": 1`), fmt.Appendf(nil, `"format": %d`, format), 1), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		before := readFiles(t, l.dir)
		for what, do := range map[string]func() error{
			"export": func() error { _, err := export.Export(t.Context(), l.formatOptions(t)); return err },
			"plan":   func() error { _, err := export.Plan(t.Context(), l.formatOptions(t)); return err },
			"verify": func() error { _, err := export.Verify(t.Context(), disk.OS(false), l.dir, tables.All()); return err },
			"restore": func() error {
				_, err := export.Restore(t.Context(), export.RestoreOptions{Store: destination(t, l.dir), FS: disk.OS(false), Dir: l.dir + "2"})
				return err
			},
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), hint) {
				t.Errorf("%s of format %d: %v", what, format, err)
			}
		}
		if !sameFiles(before, readFiles(t, l.dir)) {
			t.Errorf("format %d: files have changed", format)
		}
	}
}
