package delta_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/delta"
)

// clone returns a world that lives on by itself, from the objects that were published.
func (w *world) clone() (*world, *memory) {
	c, m := *w, w.store.(*memory).clone()
	c.store, c.was, c.table = m, w.was.Clone(), w.table.Clone()
	c.rows, c.past, c.files, c.dirty = maps.Clone(w.rows), maps.Clone(w.past), maps.Clone(w.files), maps.Clone(w.dirty)
	m.now = func() time.Time { return c.now }
	return &c, m
}

// attempt publishes, and reports whether the publish died.
func (w *world) attempt() (dead bool) {
	w.t.Helper()
	err := w.upload(w.t.Context())
	var was *dataset.DeltaTable
	if err == nil {
		was, err = delta.Commit(w.t.Context(), w.input())
	}
	if errors.Is(err, errDead) {
		return true
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.was = was
	return false
}

// scenes are worlds with a snapshot to publish: a new table, changes with and without change data, a version with a
// checkpoint, one with files to remove and a log to trim.
func scenes(t *testing.T) map[string]*world {
	made := map[string]*world{}
	for name, days := range map[string]int{"new": 0, "second": 1, "checkpoint": 20, "trim": 23} {
		w, _ := newMemoryWorld(t, 11)
		w.history = days > 1
		for range days {
			w.change()
			w.commit()
			w.publish()
			w.pass(5 * time.Hour)
		}
		if name == "trim" {
			w.pass(7 * 24 * time.Hour)
		}
		w.change()
		w.addColumn()
		w.commit()
		made[name] = w
	}
	return made
}

// TestDeath kills a publish at each of its requests, before it has its effect and after, and publishes again: the same
// snapshot, or a later one. The table is the dataset's each time, and no file is left that nothing names.
func TestDeath(t *testing.T) {
	deaths, resumed := 0, 0
	for name, scene := range scenes(t) {
		for _, late := range []bool{false, true} {
			for at := 1; ; at += 1 + at/20*5 { // the many removals are much the same
				w, m := scene.clone()
				m.revive(at, late)
				if !w.attempt() {
					break
				}
				deaths++
				m.revive(0, false)
				later := w.r.IntN(2) == 0
				if later {
					w.pass(time.Hour)
					w.change()
					w.commit()
				}
				before := len(versionsOf(t, m, "thing"))
				w.orphans = true
				w.publish()
				w.checkTable(m)
				w.checkOrphans(m)
				if after := len(versionsOf(t, m, "thing")); !later && after == before {
					resumed++ // the version was there already
				}
				if t.Failed() {
					t.Fatalf("%s, killed at request %d (late: %v, later: %v)", name, at, late, later)
				}
			}
		}
	}
	if deaths < 40 || resumed == 0 {
		t.Errorf("%d deaths, %d versions that were there already", deaths, resumed)
	}
}

// checkOrphans checks that each file belongs to a version or was removed by one.
func (w *world) checkOrphans(m *memory) {
	w.t.Helper()
	var known []string
	for _, files := range [][]dataset.DeltaFile{w.was.Files, w.was.Removed, w.was.Changes} {
		for _, f := range files {
			known = append(known, f.Path)
			if m.objects["thing/"+f.Path] == nil {
				w.t.Errorf("%s is not there", f.Path)
			}
		}
	}
	for key := range m.objects {
		if name := strings.TrimPrefix(key, "thing/"); !strings.HasPrefix(name, "_delta_log/") && !slices.Contains(known, name) {
			w.t.Errorf("%s is left", name)
		}
	}
}

// TestDeaths lets publishes die one after another, before the manifest is written: the log goes on, and the state that the
// last one returns is the log's.
func TestDeaths(t *testing.T) {
	for seed := range uint64(4) {
		w, m := newMemoryWorld(t, seed)
		for range 12 {
			w.day()
			manifest := w.was
			for w.r.IntN(3) > 0 {
				m.revive(1+w.r.IntN(30), w.r.IntN(2) == 0)
				w.attempt()
				w.was = manifest // it dies before the manifest, if not before
				w.orphans = true
				w.day()
			}
			m.revive(0, false)
			w.publish()
			w.orphans = false
			w.checkTable(m)
			w.checkOrphans(m)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}
