package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

func TestRepairRebuildsDamagedParts(t *testing.T) {
	damages := map[string]func(t *testing.T, name string, data []byte) error{
		"removed": func(t *testing.T, name string, data []byte) error { return os.Remove(name) },
		"truncated": func(t *testing.T, name string, data []byte) error {
			return os.WriteFile(name, data[:len(data)/2], 0o644)
		},
		"empty": func(t *testing.T, name string, data []byte) error { return os.WriteFile(name, nil, 0o644) },
		"one byte": func(t *testing.T, name string, data []byte) error {
			data[len(data)/3] ^= 0x40
			return os.WriteFile(name, data, 0o644)
		},
	}
	for what, damage := range damages {
		t.Run(what, func(t *testing.T) {
			l := newLake(t, mailerlitetest.Options{Subscribers: 300, Groups: 4, Campaigns: 8, CustomFields: 2})
			small := l.options(t)
			small.Sizes = part.Sizes{Group: 20, Part: 50}
			if _, err := export.Export(context.Background(), small); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(l.dir, "subscriber", "part-00002.parquet")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(t, name, data); err != nil {
				t.Fatal(err)
			}
			l.account.Advance(1)

			o := l.options(t)
			o.Sizes = small.Sizes
			r, err := export.Export(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			var part *export.PartError
			if got := r.Tables[0].Err; !errors.As(got, &part) || part.Path != "subscriber/part-00002.parquet" {
				t.Errorf("error of the damaged table: got %v", got)
			}
			for _, table := range r.Tables[2:] {
				if table.Name != "group_subscriber" && table.Err != nil {
					t.Errorf("%s: %v", table.Name, table.Err)
				}
			}

			o.Repair = true
			if r, err = export.Export(context.Background(), o); err != nil || r.Failed() {
				t.Fatalf("repair: %v %+v", err, r)
			}
			if got := r.Tables[0].RebuiltParts; len(got) != 1 || got[0] != part.Path {
				t.Errorf("rebuilt parts: got %v", got)
			}
			l.check(t)
		})
	}
}

// TestRepairRefusesOtherColumns: a manifest that names other columns than the parts, with a right checksum, is not taken
// for the truth; a rewrite takes the present names.
func TestRepairRefusesOtherColumns(t *testing.T) {
	for name, change := range map[string]func(c *schema.Column){
		"name": func(c *schema.Column) { c.Name = "mail" },
		"path": func(c *schema.Column) { c.Path = "mail" },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t, mailerlitetest.Options{Subscribers: 50, Groups: 4, Campaigns: 8, CustomFields: 2})
			l.export(t)
			l.forge(t, func(m *dataset.Manifest) {
				s := m.Table("subscriber")
				change(&s.Columns[slices.IndexFunc(s.Columns, func(c schema.Column) bool { return c.Name == "email" })])
			})
			o, before := l.options(t), readFiles(t, l.dir)
			o.Repair = true
			var damaged *dataset.DamagedError
			if _, err := export.Export(t.Context(), o); !errors.As(err, &damaged) || !strings.HasSuffix(damaged.Path, dataset.ManifestName) {
				t.Errorf("repair: %v", err)
			}
			if !sameFiles(before, readFiles(t, l.dir)) {
				t.Error("files have changed")
			}
			o.Rewrite = true
			if r, err := export.Export(t.Context(), o); err != nil || r.Failed() {
				t.Fatalf("rewrite: %v %+v", err, r)
			}
			l.check(t)
		})
	}
}

// TestRepairAfterMeddling repairs datasets whose manifest was changed, with a right checksum, in what it says of a table.
func TestRepairAfterMeddling(t *testing.T) {
	for name, change := range map[string]func(s *dataset.TableState){
		"key": func(s *dataset.TableState) { s.Key, s.Order = []string{"email"}, nil },
		"path of a column that mailerlake makes": func(s *dataset.TableState) {
			s.Columns[slices.IndexFunc(s.Columns, func(c schema.Column) bool { return c.Name == schema.SyncedAt })].Path = "x"
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t, mailerlitetest.Options{Subscribers: 50, Groups: 4, Campaigns: 8, CustomFields: 2})
			l.export(t)
			d, err := dataset.Open(fastFS{disk.OS(false)}, l.dir)
			if err != nil {
				t.Fatal(err)
			}
			change(d.Manifest.Table("subscriber"))
			text, err := dataset.EncodeManifest(d.Manifest)
			if err != nil {
				return // it would be refused
			}
			if err := os.WriteFile(filepath.Join(l.dir, dataset.ManifestName), text, 0o644); err != nil {
				t.Fatal(err)
			}
			o := l.options(t)
			o.Repair = true
			if r, err := export.Export(t.Context(), o); err != nil || r.Failed() {
				t.Fatalf("repair: %v %+v", err, r)
			}
			v, err := export.Verify(t.Context(), o.FS, l.dir, o.Catalog)
			if err != nil || v.Damaged() {
				t.Errorf("after the repair: %v %+v", err, v.Problems)
			}
			l.check(t)
		})
	}
}
