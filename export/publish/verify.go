package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/export/publish/delta"
	"mailerlake/export/publish/store"
)

// Verification is what a full check of a destination found.
type Verification struct {
	Snapshot int64 // checked; 0 if nothing was
	// Pending is the publish that has not ended: nothing was checked. Nil if there is none.
	Pending   *Owner
	Restarted bool // another publish ended during the check, which then began again
	Tables    []TableVerification
	Problems  []Problem
}

// TableVerification is what was checked of one table.
type TableVerification struct {
	Name  string
	Parts int   // that were read to the end and found whole
	Rows  int64 // in these parts
	// Damaged are the damaged parts. What of them could be read is not looked at.
	Damaged []part.Part
	// ChangeFiles are the files of changes that were found whole.
	ChangeFiles int
}

// Problem is one object that is not as the manifest says.
type Problem struct {
	Table, Object string
	What          string
	ByHand        bool // a publish does not mend it
}

// Verify reads every object of a destination and compares it with the manifest. What is wrong is in the Verification; an
// error means that nothing was checked.
func Verify(ctx context.Context, s store.Store) (*Verification, error) {
	v, err := verifyOnce(ctx, s)
	if errors.Is(err, errMoved) {
		if v, err = verifyOnce(ctx, s); err == nil {
			v.Restarted = true
		}
	}
	if errors.Is(err, errMoved) {
		err = fmt.Errorf("%w; verify again while nobody publishes", err)
	}
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", s, err)
	}
	return v, nil
}

func verifyOnce(ctx context.Context, s store.Store) (*Verification, error) {
	there, err := readState(ctx, s, false)
	if err != nil {
		return nil, err
	}
	held, err := readJournal(ctx, s)
	if err != nil {
		return nil, err
	}
	if held != nil {
		return &Verification{Pending: held.owner()}, nil
	}
	if there.manifest == nil {
		return nil, errors.New("there is no dataset; mailerlake publish brings one there")
	}
	v := &verifier{store: s, layout: layoutFor(there.manifest), out: &Verification{Snapshot: there.manifest.Snapshot}}
	if err := v.check(ctx, there); err != nil {
		return nil, err
	}
	now, err := s.Head(ctx, manifestKey)
	if err != nil || now.Version != there.version {
		return nil, errors.Join(errMoved, err)
	}
	return v.out, nil
}

type verifier struct {
	store  store.Store
	layout readable

	mu  sync.Mutex
	out *Verification
}

func (v *verifier) check(ctx context.Context, there *state) error {
	found, err := list(ctx, v.store)
	if err != nil {
		return err
	}
	for i := range there.manifest.Tables {
		t := &there.manifest.Tables[i]
		if err := v.table(ctx, t); err != nil {
			return err
		}
		if err := v.log(ctx, there.manifest, t); err != nil {
			return err
		}
	}
	v.strays(there, found)
	return nil
}

// table reads the files of a table.
func (v *verifier) table(ctx context.Context, t *dataset.TableState) error {
	sum := TableVerification{Name: t.Name}
	var problems []Problem
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	one := &dataset.Manifest{Tables: []dataset.TableState{*t}}
	for f := range one.Files() {
		g.Go(func() error {
			what, err := v.file(ctx, f)
			v.mu.Lock()
			defer v.mu.Unlock()
			switch {
			case err != nil:
				return err
			case what != "":
				problems = append(problems, Problem{Table: t.Name, Object: v.layout.key(f), What: what})
				if f.Part != nil {
					sum.Damaged = append(sum.Damaged, *f.Part)
				}
			case f.Part != nil:
				sum.Parts++
				sum.Rows += f.Part.Rows
			default:
				sum.ChangeFiles++
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortFunc(problems, byObject)
	v.out.Tables = append(v.out.Tables, sum)
	v.out.Problems = append(v.out.Problems, problems...)
	return nil
}

// log compares the log of a Delta table with the manifest.
func (v *verifier) log(ctx context.Context, m *dataset.Manifest, t *dataset.TableState) error {
	log := m.Publication.Table(t.Name)
	if log == nil {
		return nil
	}
	found, err := delta.Verify(ctx, v.store, m.Account.ID, log, t)
	for _, what := range found {
		v.out.Problems = append(v.out.Problems, Problem{Table: t.Name, Object: t.Name, What: what})
	}
	return err
}

// file returns what is wrong with a file's object, empty if nothing is.
func (v *verifier) file(ctx context.Context, f dataset.File) (string, error) {
	object, err := sumOfObject(ctx, v.store, v.layout.key(f), true)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing", nil
	case errors.Is(err, errReplaced):
		return "", fmt.Errorf("%w: %w", errMoved, err)
	case err != nil:
		return "", err
	case object.Bytes != f.Bytes:
		return fmt.Sprintf("has %d bytes, the manifest says %d", object.Bytes, f.Bytes), nil
	case object.SHA256 != f.SHA256:
		return "has another checksum than the manifest says", nil
	}
	return "", nil
}

// strays notes the Parquet objects of the tables that the manifest does not name.
func (v *verifier) strays(there *state, found map[string]store.Object) {
	named := map[string]bool{}
	for f := range there.manifest.Files() {
		named[v.layout.key(f)] = true
	}
	var problems []Problem
	for key := range found {
		if named[key] || !isData(key, there.tables()) || !v.layout.globbed() && dataset.ChangesOf(key) == "" {
			continue
		}
		problems = append(problems, v.stray(key))
	}
	slices.SortFunc(problems, byObject)
	v.out.Problems = append(v.out.Problems, problems...)
}

// stray describes an object that the manifest does not name. The next publish removes it if it has a name of ours.
func (v *verifier) stray(key string) Problem {
	p := Problem{Table: v.layout.table(key), Object: key, What: "is not in the manifest; readers of the directory take it for data"}
	if p.Table == "" {
		p.Table, p.ByHand = strings.Split(key, "/")[0], true
		p.What += "; move it away, a publish does not"
	}
	return p
}

func byObject(a, b Problem) int { return cmp.Compare(a.Object, b.Object) }
