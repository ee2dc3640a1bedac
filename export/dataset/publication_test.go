package dataset_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
)

// aDeltaTable returns the state of a Delta table, all of whose members are set.
func aDeltaTable(name string) dataset.DeltaTable {
	at := time.Date(2026, 3, 1, 4, 5, 6, 789e6, time.UTC)
	sum := strings.Repeat("0f", 32)
	return dataset.DeltaTable{Name: name, ID: "28ad9677-5f5f-8ad2-b1e8-6e20b9af2475", Created: at, Version: 25, At: at, SHA256: sum, Snapshot: 1,
		Features: []string{"changeDataFeed", "inCommitTimestamp"}, Metadata: sum, Stamped: &dataset.DeltaVersion{Version: 3, At: at},
		Transactions: []dataset.DeltaTransaction{{App: "stream", Version: 4}}, Files: []dataset.DeltaFile{{Path: "a.parquet", Bytes: 3, At: at}, {Path: "b.parquet", At: at}},
		Removed: []dataset.DeltaFile{{Path: "c%20.parquet", Bytes: 3, At: at}}, Changes: []dataset.DeltaFile{{Path: "_change_data/d.parquet", Bytes: 3, At: at}},
		Oldest: 2, Checkpoints: []dataset.DeltaVersion{{Version: 5, At: at}, {Version: 25, At: at}}}
}

// published returns a manifest of a destination of format delta.
func published() *dataset.Manifest {
	m := fullManifest()
	m.Publication = &dataset.Publication{Format: dataset.Delta}
	for i := range m.Tables {
		m.Publication.Put(aDeltaTable(m.Tables[len(m.Tables)-1-i].Name))
	}
	return m
}

// TestPublication writes what a destination's manifest says of Delta tables and reads it again.
func TestPublication(t *testing.T) {
	m := published()
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dataset.DecodeManifest("manifest.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Publication, got.Publication); diff != "" {
		t.Error(diff)
	}
	name := m.Tables[0].Name
	if got.Publication.Table(name) == nil || got.Publication.Table("none") != nil || (*dataset.Publication)(nil).Table(name) != nil {
		t.Error("Table finds the wrong tables")
	}
	changed := aDeltaTable(name)
	changed.Version = 26
	if got.Publication.Put(changed); len(got.Publication.Tables) != len(m.Tables) || got.Publication.Table(name).Version != 26 {
		t.Error("Put does not replace a table")
	}
}

// TestPublicationClone changes everything in a copy; the original stays.
func TestPublicationClone(t *testing.T) {
	m, want := published(), published()
	for i := range m.Clone().Publication.Tables {
		c := m.Clone().Publication
		d := &c.Tables[i]
		d.Name, d.Features[0], d.Stamped.Version, d.Transactions[0].App = "x", "x", 9, "x"
		d.Files[0].Path, d.Removed[0].Path, d.Changes[0].Path, d.Checkpoints[0].Version = "x", "x", "x", 9
	}
	if diff := cmp.Diff(want.Publication, m.Publication); diff != "" {
		t.Error(diff)
	}
}

// TestPublicationCheck refuses what cannot be.
func TestPublicationCheck(t *testing.T) {
	tests := map[string]func(p *dataset.Publication, d *dataset.DeltaTable){
		"format":                func(p *dataset.Publication, _ *dataset.DeltaTable) { p.Format = "iceberg" },
		"a table too few":       func(p *dataset.Publication, _ *dataset.DeltaTable) { p.Tables = p.Tables[1:] },
		"another table":         func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Name = "aaa" },
		"no identifier":         func(_ *dataset.Publication, d *dataset.DeltaTable) { d.ID = "" },
		"version":               func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Version = -1 },
		"oldest":                func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Oldest = 26 },
		"snapshot":              func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Snapshot = 1 << 40 },
		"no snapshot":           func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Snapshot = 0 },
		"checksum":              func(_ *dataset.Publication, d *dataset.DeltaTable) { d.SHA256 = "x" },
		"checksum of metadata":  func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Metadata = "" },
		"time":                  func(_ *dataset.Publication, d *dataset.DeltaTable) { d.At = time.Now().In(time.FixedZone("x", 3600)) },
		"a file twice":          func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Files[1].Path = d.Files[0].Path },
		"a file without a name": func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Removed[0].Path = "" },
		"bytes":                 func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Changes[0].Bytes = -1 },
		"time of a file":        func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Files[0].At = d.At.AddDate(9000, 0, 0) },
		"checkpoints":           func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Checkpoints[1].Version = 5 },
		"checkpoint too early":  func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Checkpoints[0].Version = 1 },
		"checkpoint too late":   func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Checkpoints[1].Version = 26 },
		"stamped":               func(_ *dataset.Publication, d *dataset.DeltaTable) { d.Stamped.Version = 26 },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			m := published()
			damage(m.Publication, &m.Publication.Tables[0])
			if err := m.Check(); err == nil || !strings.Contains(err.Error(), "publication") {
				t.Errorf("error %v", err)
			}
		})
	}
}
