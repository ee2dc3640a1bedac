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
	if formatOf(m) == Delta {
		return deltaKeys{}
	}
	return parquetKeys{}
}

// readable is a layout for reading.
type readable interface {
	keys
	// table returns the table of an object that has no place at the destination unless the manifest names it, empty for
	// others: objects that a publish does not replace or remove.
	table(key string) string
	// globbed reports whether readers find the data by listing the objects of a table.
	globbed() bool
}

// layout is what the formats of destinations differ in.
type layout interface {
	readable
	// commit makes the files that were uploaded a state of the destination, and returns its manifest.
	commit(ctx context.Context, there *state, held *lease) (*dataset.Manifest, error)
}

func (p *publisher) layoutOf(format string) (layout, error) {
	switch format {
	case Parquet:
		return parquetLayout{next: p.next}, nil
	case Delta:
		return deltaLayout{p: p}, nil
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// parquetKeys is where a destination of format parquet has the files of a dataset: where the dataset has them.
type parquetKeys struct{}

func (parquetKeys) key(f dataset.File) string { return f.Path }

func (parquetKeys) table(key string) string {
	if table := dataset.ChangesOf(key); table != "" {
		return table
	}
	return part.TableOf(key)
}

func (parquetKeys) globbed() bool { return true }

// parquetLayout is that of the dataset: the same objects, and the same manifest.
type parquetLayout struct {
	parquetKeys
	next *dataset.Manifest
}

func (l parquetLayout) commit(context.Context, *state, *lease) (*dataset.Manifest, error) {
	return l.next, nil
}
