package publish

import (
	"context"
	"fmt"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
)

// keys says where the files of a dataset are at a destination.
type keys interface {
	key(f dataset.File) string
}

// layoutFor returns the layout of the destination that a manifest belongs to, for reading.
func layoutFor(m *dataset.Manifest) readable {
	return parquetLayout{m}
}

// readable is a layout for reading.
type readable interface {
	keys
	// table returns the table of an object, empty if this program does not write objects with such a name.
	table(key string) string
	// globbed reports whether readers find the data by listing the objects of a table.
	globbed() bool
}

// layout is what the formats of destinations differ in.
type layout interface {
	readable
	// stale reports whether an object of ours is removed as soon as the manifest does not name its file.
	stale(key string) bool
	// commit makes the files that were uploaded a state of the destination, and returns its manifest.
	commit(ctx context.Context, there *state) (*dataset.Manifest, error)
	// cleanUp removes what is no longer needed now that the manifest was replaced.
	cleanUp(ctx context.Context, published *dataset.Manifest) error
}

func (p *publisher) layoutOf(format string) (layout, error) {
	if format == Parquet {
		return parquetLayout{p.next}, nil
	}
	return nil, fmt.Errorf("publish: there is no format %q", format)
}

// parquetLayout is that of the dataset: the same objects, and the same manifest.
type parquetLayout struct{ next *dataset.Manifest }

func (parquetLayout) key(f dataset.File) string { return f.Path }

func (parquetLayout) table(key string) string {
	if table := dataset.ChangesOf(key); table != "" {
		return table
	}
	return part.TableOf(key)
}

func (parquetLayout) stale(string) bool { return true }
func (parquetLayout) globbed() bool     { return true }

func (l parquetLayout) commit(context.Context, *state) (*dataset.Manifest, error) { return l.next, nil }
func (parquetLayout) cleanUp(context.Context, *dataset.Manifest) error            { return nil }
