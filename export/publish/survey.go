package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/export/publish/delta"
	"mailerlake/export/publish/store"
)

// parallel is how many objects are read, written or removed at the same time.
const parallel = 8

// plan lists the destination, refuses what others wrote there, and compares the rest with the dataset.
func (p *publisher) plan(ctx context.Context, there *state, l *lease) (*plan, error) {
	found, err := list(ctx, p.Store)
	if err != nil {
		return nil, err
	}
	tables := union(l.tables, there.tables())
	if err := p.checkPrivate(found); err != nil {
		return nil, err
	}
	if there.manifest == nil {
		if err := p.checkFormat(found, tables); err != nil {
			return nil, err
		}
	}
	if err := p.checkForeign(found, tables, there.manifest != nil || l.took || p.Adopt); err != nil {
		return nil, err
	}
	if err := p.describe(ctx, found, there, p.trusts(there, l)); err != nil {
		return nil, err
	}
	p.strays = p.findStrays(found, there)
	return makePlan(p.layout, there.manifest, p.next, found, tables), nil
}

// findStrays returns the Delta tables beside whose data files are others that neither the destination's manifest names nor this
// publish: a publisher left them that woke up after another had taken over.
func (p *publisher) findStrays(found map[string]store.Object, there *state) map[string]bool {
	named := map[string]bool{}
	for f := range p.next.Files() {
		named[p.layout.key(f)] = true
	}
	var was *dataset.Publication
	if there.manifest != nil {
		was = there.manifest.Publication
	}
	strays := map[string]bool{}
	for key := range found {
		if table := delta.TableOf(key); table != "" && !named[key] && delta.Stray(key, was.Table(table)) {
			strays[table] = true
		}
	}
	return strays
}

// trusts reports whether the objects that the destination's manifest names can be taken to be what it says. They are not if
// a publish did not end, unless it had come to its last step: the manifest.
func (p *publisher) trusts(there *state, l *lease) bool {
	ended := !l.took || !l.found.Mixed && there.sum() == l.found.Manifest
	return ended && !p.Repair && !there.damaged
}

func (s *state) tables() []string {
	if s.manifest == nil {
		return nil
	}
	var names []string
	for i := range s.manifest.Tables {
		names = append(names, s.manifest.Tables[i].Name)
	}
	return names
}

func list(ctx context.Context, s store.Store) (map[string]store.Object, error) {
	found := map[string]store.Object{}
	for object, err := range s.List(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", s, err)
		}
		found[object.Key] = object
	}
	return found, nil
}

// checkPrivate refuses a place where a dataset is at work: an export there would change what is published, and the other way
// round.
func (p *publisher) checkPrivate(found map[string]store.Object) error {
	for key := range found {
		if strings.HasPrefix(key, dataset.PrivateDir+"/") {
			return &RefusedError{p.Store.String(), "has the private files of a dataset, under " + dataset.PrivateDir + "/",
				"publish elsewhere, or remove these files if it is a mere copy"}
		}
	}
	return nil
}

// checkFormat refuses a place without a manifest that has the files of another format: readers would meet both.
func (p *publisher) checkFormat(found map[string]store.Object, tables []string) error {
	for key := range found {
		is, table := Delta, delta.TableOf(key)
		if table == "" {
			is, table = Parquet, part.TableOf(key)
		}
		if is != p.out.Format && slices.Contains(tables, table) {
			return &RefusedError{p.Store.String(), fmt.Sprintf("has files of format %s: %s", is, key), "publish with --format " + is + ", or elsewhere"}
		}
	}
	return nil
}

// checkForeign refuses Parquet objects in the tables' directories that this program did not write. Where nothing says that
// the destination is ours, that holds for every name.
func (p *publisher) checkForeign(found map[string]store.Object, tables []string, known bool) error {
	var foreign []string
	for key := range found {
		if isData(key, tables) && (!known || p.layout.globbed() && p.layout.table(key) == "") {
			foreign = append(foreign, key)
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	hint := "move them away, or publish elsewhere; queries would read them as data"
	if !known {
		hint = "move them away, publish elsewhere, or publish with --adopt to replace what has the names of parts"
	}
	return &RefusedError{p.Store.String(), "has files that mailerlake did not write: " + shorten(foreign), hint}
}

// isData reports whether an object is a Parquet file of one of the tables.
func isData(key string, tables []string) bool {
	if !strings.EqualFold(path.Ext(key), part.Suffix) {
		return false
	}
	for _, table := range tables {
		if strings.HasPrefix(key, table+"/") || strings.HasPrefix(key, dataset.ChangesDir+"/"+table+"/") {
			return true
		}
	}
	return false
}

// describe finds out what the plan needs to know of the objects that have the names of the dataset's files: the checksums
// of those that may be these files already, and the versions of those that are to be replaced.
func (p *publisher) describe(ctx context.Context, found map[string]store.Object, there *state, trust bool) error {
	said := map[string]dataset.File{}
	for f := range there.manifest.Files() {
		said[p.layout.key(f)] = f
	}
	var mu sync.Mutex // of found
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for f := range p.next.Files() {
		key := p.layout.key(f)
		mu.Lock()
		object, there := found[key]
		mu.Unlock()
		if !there {
			continue
		}
		if was := said[key]; trust && was.Bytes == object.Bytes {
			object.SHA256 = was.SHA256
		}
		if object.Bytes == f.Bytes && object.SHA256 == f.SHA256 {
			mu.Lock()
			found[key] = object
			mu.Unlock()
			continue
		}
		g.Go(func() error {
			now, err := p.lookAt(ctx, object, f)
			mu.Lock()
			defer mu.Unlock()
			if found[key] = now; errors.Is(err, fs.ErrNotExist) {
				delete(found, key)
				return nil
			}
			return err
		})
	}
	return g.Wait()
}

// lookAt describes an object that was listed, with its checksum if it may be a file of the dataset.
func (p *publisher) lookAt(ctx context.Context, listed store.Object, f dataset.File) (store.Object, error) {
	if listed.Bytes == f.Bytes && listed.SHA256 == "" {
		return sumOfObject(ctx, p.Store, listed.Key, p.Repair)
	}
	object, err := p.Store.Head(ctx, listed.Key)
	if err != nil {
		return object, fmt.Errorf("look at %s: %w", listed.Key, err)
	}
	return object, nil
}

// shorten names the first of some keys, and counts the others.
func shorten(keys []string) string {
	const shown = 5
	keys = union(keys, nil)
	text := strings.Join(keys[:min(shown, len(keys))], ", ")
	if more := len(keys) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
