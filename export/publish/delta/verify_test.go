package delta_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/delta"
)

// TestVerify looks at tables that something happened to.
func TestVerify(t *testing.T) {
	tests := map[string]struct {
		do    func(w *world, m *memory)
		found string // a part of what is said
	}{
		"nothing":                   {func(*world, *memory) {}, ""},
		"no log":                    {func(_ *world, m *memory) { clear(m.objects) }, "no log"},
		"another program":           {func(w *world, m *memory) { w.optimize(m) }, "versions up to 22"},
		"a version replaced":        {func(w *world, m *memory) { m.set(fmt.Sprintf(entryOf, w.was.Version), []byte(`{"txn":{}}`)) }, "not the one that was published"},
		"a version damaged":         {func(w *world, m *memory) { m.set(fmt.Sprintf(entryOf, w.was.Version), []byte(`{"txn":`)) }, "not an action"},
		"a version in between gone": {func(w *world, m *memory) { delete(m.objects, fmt.Sprintf(entryOf, w.was.Version)) }, "up to 20 only"},
		"checkpoint damaged": {func(w *world, m *memory) {
			m.set("thing/_delta_log/00000000000000000020.checkpoint.parquet", []byte("PAR1"))
		}, "checkpoint"},
		"file missing": {func(w *world, m *memory) { delete(m.objects, "thing/"+w.was.Files[0].Path) }, "is missing"},
		"file cut":     {func(w *world, m *memory) { m.set("thing/"+w.was.Files[0].Path, []byte("x")) }, "has 1 bytes"},
		"other parts":  {func(w *world, _ *memory) { w.change(); w.commit() }, "its log lacks file"},
		"other bytes":  {func(w *world, _ *memory) { w.table.Parts[0].Bytes++ }, "and the manifest"},
	}
	scene, _ := lived(t, 21)
	scene.publish()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, m := scene.clone()
			test.do(w, m)
			problems, err := delta.Verify(t.Context(), m, "42", w.was, &w.table)
			said := strings.Join(problems, "; ")
			if err != nil || !strings.Contains(said, test.found) || (test.found == "") != (len(problems) == 0) {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
}

// TestVerifyFails asks a store that does not answer.
func TestVerifyFails(t *testing.T) {
	w, m := lived(t, 2)
	w.publish()
	for at := 1; ; at++ {
		m.revive(at, false)
		_, err := delta.Verify(t.Context(), m, "42", w.was, &w.table)
		if err == nil {
			break
		}
		if !errors.Is(err, errDead) {
			t.Errorf("request %d: %v", at, err)
		}
	}
}

// TestDataFile checks that names are used once: each version of a part has another.
func TestDataFile(t *testing.T) {
	w, _ := newMemoryWorld(t, 2)
	seen := map[string]string{}
	for range 20 {
		w.change()
		w.commit()
		for _, p := range w.table.Parts {
			key := delta.DataFile(&p)
			if sum, ok := seen[key]; ok && sum != p.SHA256 {
				t.Errorf("%s names two files", key)
			}
			seen[key] = p.SHA256
		}
	}
	p := w.table.Parts[0]
	if want := fmt.Sprintf("thing/part-%05d-%08d-%s.parquet", p.Number(), p.ChangedIn, p.SHA256[:8]); delta.DataFile(&p) != want {
		t.Errorf("%s, want %s", delta.DataFile(&p), want)
	}
}

// TestRequestsAreNamed checks that a failed request is said with what it was for, and changes nothing in what is known.
func TestRequestsAreNamed(t *testing.T) {
	w, m := lived(t, 3)
	was := w.was.Clone()
	for at := 1; at < 4; at++ {
		m.revive(at, false)
		_, err := delta.Commit(t.Context(), w.input())
		if !errors.Is(err, errDead) || !strings.Contains(err.Error(), "thing/_delta_log/") {
			t.Errorf("request %d: %v", at, err)
		}
	}
	if !slices.Equal(was.Files, w.was.Files) || was.Version != w.was.Version {
		t.Error("what the manifest said was changed")
	}
	m.revive(0, false)
	w.publish()
	w.checkTable(m)
	var none *dataset.DeltaTable
	if none.Clone() != nil {
		t.Error("a clone of nothing")
	}
}
