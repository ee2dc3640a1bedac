package part_test

import (
	"bytes"
	"context"
	"testing"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// readHostile reads a file that is not what its manifest's shape says. It must come to an end, without a panic and
// without allocating much more than it has bytes.
func readHostile(t *testing.T, data []byte, meta part.Part, columns []schema.Column) (whole bool) {
	t.Helper()
	meta = described(meta, data)
	before := schematest.Allocated()
	defer func() {
		if n := schematest.Allocated() - before; n > 16<<20+100*uint64(len(data)) {
			t.Errorf("%d bytes are allocated for a file of %d", n, len(data))
		}
	}()
	r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
	if err != nil {
		return false
	}
	defer r.Close()
	_, err = r.Statistics()
	whole = err == nil
	for g, group := range meta.RowGroups {
		for c := range columns {
			v := schema.NewVector(columns[c].Kind)
			err := r.Read(g, c, v)
			if err == nil && int64(v.Len()) != group.Rows {
				t.Errorf("%d values for %d rows", v.Len(), group.Rows)
			}
			whole = whole && err == nil
		}
	}
	return whole
}

// readSound reads a file as a damaged part: its values may be anything, since no checksum guards them.
func readSound(t *testing.T, data []byte, meta part.Part, columns []schema.Column) {
	t.Helper()
	meta = described(meta, data)
	before := schematest.Allocated()
	defer func() {
		if n := schematest.Allocated() - before; n > 32<<20+100*uint64(len(data)) {
			t.Errorf("%d bytes are allocated for a file of %d", n, len(data))
		}
	}()
	r, err := part.OpenDamaged(&disktest.File{Data: data}, &meta, columns, order(columns))
	if err != nil {
		return
	}
	defer r.Close()
	for g, group := range meta.RowGroups {
		_, _ = r.SoundKeys(g)
		for c := range columns {
			v := &schema.Vector{}
			if sound, err := r.ReadSound(g, c, v); err == nil && (len(sound) != int(group.Rows) || v.Len() != len(sound)) {
				t.Errorf("%d values, %d of them known, for %d rows", v.Len(), len(sound), group.Rows)
			}
		}
	}
}

// TestOpenPartDamaged changes every byte in several ways, and cuts the file everywhere; the manifest is made to agree.
func TestOpenPartDamaged(t *testing.T) {
	data, meta, columns := smallPart(t)
	if !readHostile(t, data, meta, columns) {
		t.Fatal("the undamaged file cannot be read")
	}
	survived := 0
	for i := range data {
		if i%5 == 0 && readHostile(t, data[:i], meta, columns) {
			t.Errorf("the first %d of %d bytes are taken for the file", i, len(data))
		}
		for _, bits := range []byte{2, 0x80, 0xff} {
			damaged := bytes.Clone(data)
			damaged[i] ^= bits
			if readHostile(t, damaged, meta, columns) {
				survived++
			}
		}
	}
	if survived > len(data)*3*2/3 { // statistics, page index and the like are not read
		t.Errorf("%d of %d damages are not noticed", survived, len(data)*3)
	}
}

func FuzzOpenPart(f *testing.F) {
	data, meta, columns := smallPart(f)
	f.Add(data)
	f.Add([]byte("PAR1PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<20 {
			readHostile(t, data, meta, columns)
			readSound(t, data, meta, columns)
		}
	})
}
