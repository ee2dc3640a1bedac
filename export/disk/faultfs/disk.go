package faultfs

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// node is a file or a directory, whatever names it has.
type node struct {
	dir              bool
	current, durable []byte
	dirty            bool
}

func (n *node) write(p []byte) {
	if n != nil {
		n.current, n.dirty = append(n.current, p...), true
	}
}

func (n *node) truncate(size int64) {
	if n != nil {
		grown := append(slices.Clone(n.current), make([]byte, max(0, int(size)-len(n.current)))...)
		n.current, n.dirty = grown[:size], true
	}
}

func (n *node) sync() {
	if n != nil {
		n.durable, n.dirty = slices.Clone(n.current), false
	}
}

// left draws what a power loss leaves of the content.
func (n *node) left(r *rand.Rand) []byte {
	if !n.dirty {
		return n.durable
	}
	keep := r.IntN(len(n.current) + 1)
	switch r.IntN(4) {
	case 0:
		return n.durable
	case 1:
		return n.current
	case 2:
		return n.current[:keep]
	}
	return append(slices.Clone(n.current[:keep]), make([]byte, len(n.current)-keep)...)
}

// entry gives a name, relative to the root, to a node, or takes it away.
type entry struct {
	name string
	node *node
}

// edit is a change of directories that happens as a whole or not at all. It is durable once the directory in is synced.
type edit struct {
	entries []entry
	in      string
	durable bool
}

// disk keeps what is durable beside what exists now. Its names are relative to the root.
type media struct {
	root  string
	first map[string]*node // when it was read
	now   map[string]*node
	edits []*edit // since it was read, in order
}

func readDisk(root string) (*media, error) {
	d := &media{root: root, first: make(map[string]*node)}
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == root {
			return nil
		}
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		if e.IsDir() {
			d.first[rel] = &node{dir: true}
			return nil
		}
		data, err := os.ReadFile(name)
		d.first[rel] = &node{current: data, durable: slices.Clone(data)}
		return err
	})
	d.now = maps.Clone(d.first)
	return d, err
}

// rel returns the name below the root, false if it lies outside.
func (d *media) rel(name string) (string, bool) {
	rel, err := filepath.Rel(d.root, name)
	return rel, err == nil && filepath.IsLocal(rel)
}

func (d *media) edit(in string, entries ...entry) {
	for _, e := range entries {
		if d.now[e.name] = e.node; e.node == nil {
			delete(d.now, e.name)
		}
	}
	d.edits = append(d.edits, &edit{entries: entries, in: in})
}

// create returns nil for a file outside the root. An existing file is emptied, and its old content may survive.
func (d *media) create(name string) *node {
	n := d.open(name)
	if n != nil && len(n.current) > 0 {
		n.truncate(0)
	}
	return n
}

func (d *media) open(name string) *node {
	rel, ok := d.rel(name)
	if !ok {
		return nil
	}
	if d.now[rel] == nil {
		d.edit(filepath.Dir(rel), entry{rel, &node{}})
	}
	return d.now[rel]
}

// rename moves files. Directories are never renamed in this program.
func (d *media) rename(oldName, newName string) {
	from, ok1 := d.rel(oldName)
	to, ok2 := d.rel(newName)
	if ok1 && ok2 && d.now[from] != nil {
		d.edit(filepath.Dir(to), entry{to, d.now[from]}, entry{from, nil})
	}
}

// remove removes a name and everything below it, one by one.
func (d *media) remove(name string) {
	rel, ok := d.rel(name)
	if !ok {
		return
	}
	for _, below := range slices.Backward(slices.Sorted(maps.Keys(d.now))) {
		if below == rel || strings.HasPrefix(below, rel+string(filepath.Separator)) {
			d.edit(filepath.Dir(below), entry{below, nil})
		}
	}
}

func (d *media) mkdir(name string) {
	rel, ok := d.rel(name)
	if !ok || d.now[rel] != nil {
		return
	}
	if rel != "." {
		d.mkdir(filepath.Dir(name))
	}
	d.edit(filepath.Dir(rel), entry{rel, &node{dir: true}})
}

func (d *media) syncDir(name string) {
	rel, ok := d.rel(name)
	if !ok {
		return
	}
	for _, e := range d.edits {
		e.durable = e.durable || e.in == rel
	}
}

// lose draws what is left and writes it.
func (d *media) lose(seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0))
	keep := r.Float64() // seeds from nearly all lost to nearly all kept
	left := maps.Clone(d.first)
	for _, e := range d.edits {
		if !e.durable && r.Float64() >= keep {
			continue
		}
		for _, e := range e.entries {
			if left[e.name] = e.node; e.node == nil {
				delete(left, e.name)
			}
		}
	}
	return d.write(left, r)
}

// write replaces the directory; names whose directory was lost are lost with it.
func (d *media) write(left map[string]*node, r *rand.Rand) error {
	if err := d.clear(); err != nil {
		return err
	}
	for _, rel := range slices.Sorted(maps.Keys(left)) {
		n, name := left[rel], filepath.Join(d.root, rel)
		if parent := left[filepath.Dir(rel)]; rel != "." && (parent == nil || !parent.dir) {
			left[rel] = nil
			continue
		}
		if n.dir {
			if err := os.MkdirAll(name, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(name, bytes.Clone(n.left(r)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// clear removes what is in the root but not the root, which may be a symbolic link.
func (d *media) clear() error {
	entries, err := os.ReadDir(d.root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(d.root, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
