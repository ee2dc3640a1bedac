package export

import (
	"context"
	"fmt"
	"time"

	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// watch finds out which lists the stages to come have to read: those of rows that have moved since. It comes before these
// rows are committed.
func (r *run) watch(ctx context.Context) error {
	for _, t := range r.tables {
		if !t.Watched() || t.stage <= r.stage || t.stage == stageDone {
			continue
		}
		if t.parent.err != nil {
			r.fail(t, fmt.Errorf("%s is not exported: %w", t.parent.Name, t.parent.err))
			continue
		}
		if err := r.tolerate(t, r.watchOne(ctx, t, t.parent)); err != nil {
			return err
		}
	}
	return nil
}

// watchNow finds the rows of a table's parent whose lists are to be read while the parent's stage is being scanned.
func (r *run) watchNow(ctx context.Context, t *table, scanned *scan.Result) error {
	if scanned.Unavailable != "" {
		return nil
	}
	parent := newTable(scanned.Table, r.data, r.Sizes, r.rewrite, t.parent.auxiliary) // as it will be once all scans are done
	parent.scan, parent.damaged = scanned, t.parent.damaged
	if err := r.tables.layOut(ctx, parent); err != nil {
		return err
	}
	t.watchedPages = scanned.Log.Stats().Pages
	return r.watchOne(ctx, t, parent)
}

// watchOne finds the rows of a table's parent whose lists are to be read. Nothing is known about those of a parent that is
// not exported, since its rows in the dataset are older.
func (r *run) watchOne(ctx context.Context, t, parent *table) error {
	if parent.merge == nil {
		if err := r.tables.open(ctx, parent); err != nil {
			return err
		}
	}
	log, err := r.data.Logs().Scratch(parent.scan.Log.Header, pagelog.Shape{Order: parent.Order})
	if err != nil {
		return err
	}
	list := t.Source.(*schema.List)
	keys := keyBatch{log: log, columns: parent.KeysInOrder()}
	watch := merge.Watch{Of: list.Of, Still: list.Still, Read: func(keys schema.Keys, row int) time.Time { return t.stored.ListRead(keys, row) }}
	if r.Full || t.stored == nil || t.rewrite || parent.auxiliary || len(t.damaged) > 0 {
		watch.Read = func(schema.Keys, int) time.Time { return time.Time{} }
	}
	moved, err := parent.merge.EachMoved(ctx, watch, keys.add)
	if err == nil {
		err = keys.flush()
	}
	t.lists.Of, t.watched, t.unmet = log, &ListCounts{Read: keys.count, Still: moved.Still}, moved.Unmet
	return err
}

// keyBatch writes keys to a log, in pages.
type keyBatch struct {
	log     *pagelog.Log
	columns []schema.Column
	batch   *schema.Batch
	count   int64
}

// keysOfPage is the number of keys in a page.
const keysOfPage = 1000

func (b *keyBatch) add(keys schema.Keys, row int) error {
	if b.batch == nil {
		b.batch = &schema.Batch{Columns: b.columns}
		for range b.columns {
			b.batch.Vectors = append(b.batch.Vectors, schema.NewVector(schema.String))
		}
	}
	for i, v := range b.batch.Vectors {
		v.AppendText(keys[i].Text(row))
	}
	b.count++
	if b.batch.Rows++; b.batch.Rows == keysOfPage {
		return b.flush()
	}
	return nil
}

func (b *keyBatch) flush() error {
	if b.batch == nil {
		return nil
	}
	batch := b.batch
	b.batch = nil
	return b.log.Append(&schema.Page{Rows: batch}, pagelog.Mark{})
}
