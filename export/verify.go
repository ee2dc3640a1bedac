package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Verification is what a full check of a dataset found.
type Verification struct {
	Dataset string `json:"dataset"`
	// Destination says that a destination was checked, and Dataset is its URL.
	Destination bool  `json:"destination"`
	Snapshot    int64 `json:"snapshot,omitzero"` // checked; 0 if nothing was
	// Pending says that a commit is unfinished: parts may be newer than the manifest, so nothing else was checked. The
	// next export finishes it.
	Pending bool `json:"pending"`
	// Restarted says that another run committed during the check, which then began again.
	Restarted  bool                `json:"restarted"`
	Tables     []TableVerification `json:"tables"`
	Problems   []Problem           `json:"problems"`   // damage, in the order of tables and parts
	References []Reference         `json:"references"` // from table to table; a dangling one is not damage
}

// TableVerification is what was checked of one table.
type TableVerification struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"` // that were read to the end and found whole
	Rows  int64  `json:"rows"`  // in these parts, and those in damaged parts that can be read
	DamageCounts
	// ChangeFiles are the files of changes that were found whole.
	ChangeFiles int `json:"change_files"`
}

// Problem is one thing that is not as the manifest says. A damaged part has one: the first that was found.
type Problem struct {
	Table string `json:"table"`
	Part  string `json:"part"` // path relative to the dataset, with slashes
	What  string `json:"what"`
	// ByHand says that --repair leaves it: somebody has to move the file away.
	ByHand bool `json:"by_hand"`
}

// Damaged reports whether anything is not as the manifest says.
func (v *Verification) Damaged() bool { return len(v.Problems) > 0 }

// Repairable reports whether --repair mends anything of what was found.
func (v *Verification) Repairable() bool {
	return slices.ContainsFunc(v.Problems, func(p Problem) bool { return !p.ByHand })
}

// Dangling returns the number of references, in all tables, to rows that the dataset does not have.
func (v *Verification) Dangling() (n int64) {
	for _, r := range v.References {
		n += r.Dangling
	}
	return n
}

// ErrChanged says that another run committed while the dataset was read.
var ErrChanged = errors.New("another run changed the dataset")

// Verify reads a dataset to its last value and compares it with its manifest. The damage that it finds is in the
// Verification. An error means that nothing was checked; if the manifest cannot be read, it is a *dataset.DamagedError.
// Verify takes no lock: if another run commits meanwhile, the check begins again, once.
func Verify(ctx context.Context, fsys disk.FS, dir string, catalog *schema.Catalog) (*Verification, error) {
	return VerifyWith(ctx, VerifyOptions{FS: fsys, Dir: dir, Catalog: catalog, OnEvent: func(Event) {}})
}

// VerifyOptions say what to verify.
type VerifyOptions struct {
	FS      disk.FS
	Dir     string // of the dataset
	Catalog *schema.Catalog
	OnEvent func(Event) // is called with each step
}

// VerifyWith is Verify, and tells of its steps.
func VerifyWith(ctx context.Context, o VerifyOptions) (*Verification, error) {
	v, err := verifyOnce(ctx, o)
	if errors.Is(err, ErrChanged) {
		if v, err = verifyOnce(ctx, o); err == nil {
			v.Restarted = true
		}
	}
	if errors.Is(err, ErrChanged) {
		err = fmt.Errorf("%w; verify again while no export runs", err)
	}
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", o.Dir, err)
	}
	return v, nil
}

func verifyOnce(ctx context.Context, o VerifyOptions) (*Verification, error) {
	d, err := dataset.Open(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	if d.Manifest == nil && !d.Pending() {
		return nil, ErrNoDataset
	}
	v := &verifier{data: d, catalog: o.Catalog, event: o.OnEvent, out: &Verification{Dataset: o.Dir, Pending: d.Pending(), Tables: []TableVerification{},
		Problems: []Problem{}, References: []Reference{}}}
	if d.Pending() {
		return v.out, nil
	}
	v.out.Snapshot = d.Manifest.Snapshot
	if err := v.check(ctx); err != nil {
		return nil, err
	}
	if err := unchanged(d); err != nil {
		return nil, err
	}
	return v.out, nil
}

// unchanged returns ErrChanged if another run has committed to a dataset since it was opened, or is about to.
func unchanged(d *dataset.Dataset) error {
	again, err := d.Again()
	if err == nil && (again.Pending() || again.Manifest == nil || again.Manifest.Snapshot != d.Manifest.Snapshot) {
		err = ErrChanged
	}
	return err
}

type verifier struct {
	data    *dataset.Dataset
	catalog *schema.Catalog
	event   func(Event)
	out     *Verification
}

func (v *verifier) check(ctx context.Context) error {
	for i := range v.data.Manifest.Tables {
		v.event(Event{Table: v.data.Manifest.Tables[i].Name, Phase: Checking, Step: i, Steps: len(v.data.Manifest.Tables)})
		if err := v.table(ctx, &v.data.Manifest.Tables[i]); err != nil {
			return err
		}
	}
	if err := v.strayChanges(); err != nil {
		return err
	}
	strays, err := v.data.Stray()
	if err != nil {
		return err
	}
	for _, path := range strays {
		if err := v.stray(path); err != nil {
			return err
		}
	}
	v.event(Event{Phase: Following})
	return v.references(ctx)
}

// stray notes a file that is not in the manifest. Those that --repair moves are the foreign files of a table.
func (v *verifier) stray(path string) error {
	table, _, _ := strings.Cut(path, "/")
	foreign, err := v.data.Foreign(table)
	if err != nil {
		return err
	}
	p := Problem{Table: table, Part: path, What: "is not in the manifest; readers of the directory take it for data"}
	if v.catalog.Lookup(table) == nil || !slices.Contains(foreign, path) {
		p.What += "; move it away, --repair does not"
		p.ByHand = true
	}
	v.out.Problems = append(v.out.Problems, p)
	return nil
}

// changes checks the size and checksum of a table's change files, and counts those that are whole.
func (v *verifier) changes(ctx context.Context, t *dataset.TableState) (whole int, err error) {
	for i, c := range t.Changes {
		err := checkChanges(ctx, v.data, t, i)
		if ctx.Err() != nil {
			return whole, ctx.Err()
		}
		if err == nil {
			whole++
			continue
		}
		v.problem(t.Name, dataset.ChangesPath(t.Name, c.Snapshot), err.Error()+"; --repair drops the changes up to this snapshot")
	}
	return whole, nil
}

// strayChanges notes change files that are not in the manifest.
func (v *verifier) strayChanges() error {
	strays, err := v.data.StrayChanges()
	for _, path := range strays {
		table := strings.Split(path, "/")[1]
		v.out.Problems = append(v.out.Problems, Problem{Table: table, Part: path, ByHand: true,
			What: "is not in the manifest; readers of the directory take it for changes; move it away, --repair does not"})
	}
	return err
}

func (v *verifier) problem(table, part, what string) {
	v.out.Problems = append(v.out.Problems, Problem{Table: table, Part: part, What: what})
}

// table checks the parts of a table side by side. It need not compare parts with each other: the manifest's ranges are
// known to be disjoint and in order, and the first and last keys of each part are compared with them.
func (v *verifier) table(ctx context.Context, t *dataset.TableState) error {
	found, damaged := make([]error, len(t.Parts)), make([]DamageCounts, len(t.Parts))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range t.Parts {
		g.Go(func() error {
			if ctx.Err() == nil {
				found[i] = v.part(ctx, t, i)
			}
			if found[i] == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			var err error
			damaged[i], err = v.damagedPart(ctx, t, i)
			return err
		})
	}
	err := g.Wait()
	if err != nil {
		return err
	}
	sum := TableVerification{Name: t.Name}
	for i, err := range found {
		sum.Rows += t.Parts[i].Rows - damaged[i].DamagedRows
		if err == nil {
			sum.Parts++
			continue
		}
		v.problem(t.Name, t.Parts[i].Path, err.Error())
		sum.add(damaged[i])
	}
	sum.ChangeFiles, err = v.changes(ctx, t)
	v.out.Tables = append(v.out.Tables, sum)
	return err
}

// open opens a part; its size, checksum, schema and row counts are compared on the way.
func (v *verifier) open(ctx context.Context, t *dataset.TableState, i int) (*part.Reader, error) {
	r, err := v.data.OpenPart(ctx, t, i)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("file is missing")
	}
	return r, err
}

// part returns the first thing that is wrong with part i of a table.
func (v *verifier) part(ctx context.Context, t *dataset.TableState, i int) error {
	r, err := v.open(ctx, t, i)
	if err != nil {
		return err
	}
	defer r.Close()
	c := &partCheck{reader: r, table: t, part: &t.Parts[i]}
	for g := range c.part.RowGroups {
		if _, err := r.Keys(g); err != nil { // Keys checks that they ascend and match the manifest
			return err
		}
		for col := range t.Columns {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := c.column(g, col); err != nil {
				return err
			}
		}
	}
	return nil
}
