package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// keepLake is a small account, exported once in small parts.
func keepLake(t *testing.T) (*lake, *follower) {
	t.Helper()
	l := newLake(t, mailerlitetest.Options{Seed: 5, Subscribers: 120, Groups: 4, Campaigns: 6, CustomFields: 3, Churn: 5})
	l.keep(t, nil)
	f := &follower{}
	f.follow(t, l.dir)
	return l, f
}

// keep exports with options of its own.
func (l *lake) keep(t *testing.T, change func(*export.Options)) *export.Report {
	t.Helper()
	o := l.options(t)
	o.Sizes, o.Yes = part.Sizes{Group: 8, Part: 20}, true
	if change != nil {
		change(&o)
	}
	return mustExport(t, o)
}

// nextDay lets a day pass and exports.
func (l *lake) nextDay(t *testing.T, change func(*export.Options)) *dataset.Manifest {
	t.Helper()
	l.account.Advance(1)
	l.advance(24 * time.Hour)
	l.keep(t, change)
	return l.manifest(t)
}

// changeFiles returns the change files on the disk.
func (l *lake) changeFiles(t *testing.T) (paths []string) {
	t.Helper()
	for path := range readFiles(t, l.dir) {
		if strings.HasPrefix(path, dataset.ChangesDir+"/") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// named returns the change files that a manifest names.
func named(m *dataset.Manifest) (paths []string) {
	for _, t := range m.Tables {
		for _, c := range t.Changes {
			paths = append(paths, dataset.ChangesPath(t.Name, c.Snapshot))
		}
	}
	slices.Sort(paths)
	return paths
}

func withHistory(on bool) func(*export.Options) {
	return func(o *export.Options) { o.History = &on }
}

func keepFor(d time.Duration) func(*export.Options) {
	return func(o *export.Options) { o.KeepChanges = &d }
}

// TestFeedFollowsTheAccount: who loads only what change files say has the dataset's rows after every day, with history or
// without, across a new column.
func TestFeedFollowsTheAccount(t *testing.T) {
	l, f := keepLake(t)
	written := map[string]string{}
	if files := l.changeFiles(t); len(files) > 0 {
		t.Errorf("the first load left %v", files)
	}
	for day := 1; day <= 6; day++ {
		if day == 2 {
			l.account.AddField("Shoe size", "number")
			l.account.SetField(l.account.IDs("subscriber")[7], "shoe_size", "43")
		}
		m := l.nextDay(t, withHistory(day%3 == 0))
		if f.follow(t, l.dir); len(f.again) > 0 {
			t.Errorf("day %d: %v would have to be loaded again", day, f.again)
		}
		if got, want := l.changeFiles(t), named(m); !slices.Equal(got, want) {
			t.Errorf("day %d: change files %v, the manifest has %v", day, got, want)
		}
		c := m.Table("subscriber").Changes
		if last := c[len(c)-1]; len(c) != day || last.Snapshot != m.Snapshot || last.History != (day%3 == 0) || last.At.After(m.CommittedAt) {
			t.Errorf("day %d, snapshot %d: change files of subscriber %+v", day, m.Snapshot, c)
		}
		checkPartsChanged(t, m, written)
	}
	before := l.changeFiles(t)
	if r := l.keep(t, nil); !r.Empty() || !slices.Equal(l.changeFiles(t), before) {
		t.Errorf("an unchanged account leaves %v, was %v", l.changeFiles(t), before)
	}
	f.follow(t, l.dir)
	l.check(t)
}

// checkPartsChanged checks that a manifest dates those parts to its snapshot that differ from what they were.
func checkPartsChanged(t *testing.T, m *dataset.Manifest, was map[string]string) {
	t.Helper()
	kept := 0
	for _, s := range m.Tables {
		for _, p := range s.Parts {
			if now := p.ChangedIn == m.Snapshot; was[p.Path] != "" && now != (was[p.Path] != p.SHA256) {
				t.Errorf("%s changed in %d of %d, written just now: %t", p.Path, p.ChangedIn, m.Snapshot, !now)
			} else if !now {
				kept++
			}
			was[p.Path] = p.SHA256
		}
	}
	if kept == 0 {
		t.Error("every part has changed")
	}
}

// TestKeepChanges: files go when they are older than they are kept, and what is known of changes with them.
func TestKeepChanges(t *testing.T) {
	l, f := keepLake(t)
	for day := 1; day <= 5; day++ { // files of 0 to 2 days
		m := l.nextDay(t, func(o *export.Options) {
			if day == 1 {
				keepFor(60 * time.Hour)(o)
			}
		})
		f.follow(t, l.dir)
		s := m.Table("subscriber")
		kept, since := min(day, 3), max(1, m.Snapshot-3)
		if m.Feed.Keep != 60*3600 || len(s.Changes) != kept || s.ChangesSince != since || s.CreatedIn != 1 {
			t.Errorf("day %d: kept for %d s, known since %d (want %d), %d files (want %d)", day, m.Feed.Keep, s.ChangesSince, since, len(s.Changes), kept)
		}
		if !slices.Equal(l.changeFiles(t), named(m)) {
			t.Errorf("day %d: change files %v, the manifest has %v", day, l.changeFiles(t), named(m))
		}
	}
	before := l.manifest(t)
	l.advance(72 * time.Hour)                                      // nothing changes: all files go,
	writeFile(t, l.dir, "subscriber/mine.parquet", []byte("mine")) // also those of a table that could not be written
	l.keep(t, func(o *export.Options) { o.Tables = []string{"group"} })
	if err := os.Remove(l.path("subscriber/mine.parquet")); err != nil {
		t.Fatal(err)
	}
	m := l.manifest(t)
	if files := l.changeFiles(t); len(files) > 0 || m.Table("subscriber").ChangesSince != before.Snapshot {
		t.Errorf("all are too old; left %v, changes of subscriber known since %d of %d", files, m.Table("subscriber").ChangesSince, m.Snapshot)
	}
	if f.follow(t, l.dir); len(f.again) > 0 {
		t.Errorf("%v would have to be loaded again, and nothing has changed", f.again)
	}

	l.nextDay(t, nil)
	f.follow(t, l.dir)
	none := l.nextDay(t, keepFor(0))
	if s := none.Table("subscriber"); len(l.changeFiles(t)) > 0 || s.ChangesSince != s.ChangedIn || none.Feed.Keep != 0 {
		t.Errorf("nothing is kept: left %v; %+v", l.changeFiles(t), none.Feed)
	}
	if f.follow(t, l.dir); !slices.Contains(f.again, "subscriber") {
		t.Errorf("tables to load again: %v", f.again)
	}
	if m := l.nextDay(t, nil); m.Feed.Keep != 0 || len(named(m)) > 0 {
		t.Errorf("it is not remembered that nothing is kept: %+v, %v", m.Feed, named(m))
	}
	f.follow(t, l.dir)
	if m := l.nextDay(t, keepFor(time.Hour)); len(m.Table("subscriber").Changes) != 1 {
		t.Errorf("changes are kept again: %+v", m.Table("subscriber").Changes)
	}
	if f.follow(t, l.dir); len(f.again) > 0 {
		t.Errorf("%v would have to be loaded again", f.again)
	}
}

// TestHistoryRemembered: what a run says of history holds for the next ones.
func TestHistoryRemembered(t *testing.T) {
	l, f := keepLake(t)
	for day, c := range []struct {
		change func(*export.Options)
		want   bool
	}{{nil, false}, {withHistory(true), true}, {nil, true}, {withHistory(false), false}, {nil, false}} {
		m := l.nextDay(t, c.change)
		files := m.Table("subscriber").Changes
		if got := files[len(files)-1].History; got != c.want || m.Feed.History != c.want {
			t.Errorf("day %d: history %t, recorded %t, want %t", day, got, m.Feed.History, c.want)
		}
		if f.follow(t, l.dir); len(f.again) > 0 {
			t.Errorf("day %d: %v would have to be loaded again", day, f.again)
		}
	}
	o := l.options(t)
	keepFor(0)(&o)
	withHistory(true)(&o)
	requests := l.account.Requests()
	if _, err := export.Export(context.Background(), o); !errors.Is(err, export.ErrHistoryUnkept) || l.account.Requests() != requests {
		t.Errorf("got error %v after %d requests", err, l.account.Requests()-requests)
	}
}

// TestFeedStartsAnew: a rewrite drops the change files, which may hold what is protected now; a column that changes its type
// leaves them, but a loader has to load the table again.
func TestFeedStartsAnew(t *testing.T) {
	l, f := keepLake(t)
	field := l.account.AddField("Shoe size", "number")
	l.account.SetField(l.account.IDs("subscriber")[7], "shoe_size", "43")
	before := l.nextDay(t, withHistory(true))
	f.follow(t, l.dir)
	if !l.account.DeleteField(field) || l.account.FieldKey(l.account.AddField("Shoe size", "text")) != "shoe_size" {
		t.Fatal("the field has no other type")
	}
	m := l.nextDay(t, nil)
	s := m.Table("subscriber")
	if len(s.Changes) != 2 || s.ChangesSince != m.Snapshot || s.CreatedIn != 1 || s.Changes[0] != before.Table("subscriber").Changes[0] {
		t.Errorf("after a change of type: %+v, known since %d of %d", s.Changes, s.ChangesSince, m.Snapshot)
	}
	if f.follow(t, l.dir); !slices.Equal(f.again, []string{"subscriber"}) {
		t.Errorf("tables to load again: %v, want subscriber", f.again)
	}
	l.nextDay(t, nil)
	if f.follow(t, l.dir); len(f.again) > 0 {
		t.Errorf("tables to load again: %v, want none", f.again)
	}
	l.account.Advance(1)
	l.keep(t, func(o *export.Options) { o.Rewrite = true })
	m = l.manifest(t)
	if len(named(m)) > 0 || len(l.changeFiles(t)) > 0 || !m.Feed.History {
		t.Errorf("after a rewrite: %v, %v, %+v", named(m), l.changeFiles(t), m.Feed)
	}
	if f.follow(t, l.dir); len(f.again) != len(m.Tables) {
		t.Errorf("tables to load again: %v, want all", f.again)
	}
}

// TestLostChanges: a damaged change file, or one that is missing, stops no export; verify finds it, and a repair drops it.
func TestLostChanges(t *testing.T) {
	l, f := keepLake(t)
	for range 3 {
		l.nextDay(t, withHistory(true))
	}
	f.follow(t, l.dir)
	lost := dataset.ChangesPath("subscriber", 3)
	bad := dataset.ChangesPath("group", 2)
	data, err := os.ReadFile(l.path(bad))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := errors.Join(os.Remove(l.path(lost)), os.WriteFile(l.path(bad), data, 0o644)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, l.dir, "_changes/group/snapshot-00000099.parquet", []byte("stray"))
	l.nextDay(t, nil)
	f.follow(t, l.dir)
	v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range v.Problems {
		found = append(found, p.Table+" "+p.Part)
		if p.ByHand != strings.Contains(p.Part, "99") || !p.ByHand && !strings.Contains(p.What, "--repair drops") {
			t.Errorf("%+v", p)
		}
	}
	slices.Sort(found)
	if want := []string{"group " + bad, "group _changes/group/snapshot-00000099.parquet", "subscriber " + lost}; !slices.Equal(found, want) {
		t.Errorf("problems: %v, want %v", found, want)
	}
	if err := os.Remove(l.path("_changes/group/snapshot-00000099.parquet")); err != nil {
		t.Fatal(err)
	}
	m := l.nextDay(t, func(o *export.Options) { o.Repair = true })
	for table, since := range map[string]int64{"subscriber": 3, "group": 2, "campaign": 1} {
		s := m.Table(table)
		if s.ChangesSince != since || len(s.Changes) == 0 || s.Changes[0].Snapshot <= since {
			t.Errorf("%s: changes known since %d, files %+v, want those after %d", table, s.ChangesSince, s.Changes, since)
		}
	}
	if got, want := l.changeFiles(t), named(m); !slices.Equal(got, want) {
		t.Errorf("change files %v, the manifest has %v", got, want)
	}
	if f.follow(t, l.dir); len(f.again) > 0 {
		t.Errorf("tables to load again: %v, want none", f.again)
	}
	if v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core()); err != nil || v.Damaged() {
		t.Errorf("after the repair: %+v, %v", v, err)
	}
}

// TestChangesBlocked: where a change file cannot be, nothing is committed.
func TestChangesBlocked(t *testing.T) {
	l, _ := keepLake(t)
	writeFile(t, l.dir, dataset.ChangesDir, []byte("mine"))
	before := readFiles(t, l.dir)
	l.account.Advance(1)
	o := l.options(t)
	if _, err := export.Export(context.Background(), o); err == nil || !strings.Contains(err.Error(), filepath.Join(l.dir, dataset.ChangesDir)) {
		t.Errorf("got error %v", err)
	}
	if d, err := dataset.Open(disk.OS(false), l.dir); err != nil || d.Pending() || !slices.Equal(readFiles(t, l.dir)[dataset.ManifestName], before[dataset.ManifestName]) {
		t.Errorf("the dataset has changed, %v", err)
	}
}
