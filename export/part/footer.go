package part

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/parquet-go/parquet-go"

	"mailerlake/schema"
)

// A part's footer repeats what the manifest says about it, as JSON in Parquet's key/value metadata, so that a manifest
// with other rows or columns is detected when the part is opened.
const (
	// columnsNote is the schema.Columns of the part, as manifests have them.
	columnsNote = "mailerlake.columns"
	// keysNote is a keys object.
	keysNote = "mailerlake.keys"
)

// keys are what a footer says about a part's keys.
type keys struct {
	Order []string     `json:"order"` // the columns that rows are sorted by
	First []schema.Key `json:"first"` // of each row group
	Last  schema.Key   `json:"last"`  // of the part
}

var noteOptions = json.JoinOptions(json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))

// writeNotes adds the description of the part to a file's footer.
func writeNotes(w *parquet.GenericWriter[any], columns []schema.Column, order []string, p *Part) error {
	note := keys{Order: order, First: []schema.Key{}, Last: p.LastKey}
	for _, g := range p.RowGroups {
		note.First = append(note.First, g.First)
	}
	return errors.Join(writeNote(w, columnsNote, columns), writeNote(w, keysNote, note))
}

func writeNote(w *parquet.GenericWriter[any], key string, value any) error {
	text, err := json.Marshal(value, noteOptions)
	if err != nil {
		return fmt.Errorf("write footer: %w", err)
	}
	w.SetKeyValueMetadata(key, string(text))
	return nil
}

// checkNotes compares what a file's footer says about the part with what the manifest says. Errors never quote a key.
func checkNotes(file *parquet.File, p *Part, columns []schema.Column, order []string) error {
	var found []schema.Column
	if err := readNote(file, columnsNote, &found); err != nil {
		return err
	}
	if err := compareColumns(found, columns); err != nil {
		return &ColumnsError{err}
	}
	var note keys
	if err := readNote(file, keysNote, &note); err != nil {
		return err
	}
	if !slices.Equal(note.Order, order) {
		return fmt.Errorf("rows are in the order of %q, the manifest says %q", note.Order, order)
	}
	if len(note.First) != len(p.RowGroups) {
		return fmt.Errorf("first keys of %d row groups, the manifest says %d", len(note.First), len(p.RowGroups))
	}
	for g := range p.RowGroups {
		if !slices.Equal(note.First[g], p.RowGroups[g].First) {
			return fmt.Errorf("the first key of row group %d is not the manifest's", g)
		}
	}
	if !slices.Equal(note.Last, p.LastKey) {
		return errors.New("the last key is not the manifest's")
	}
	return nil
}

func readNote(file *parquet.File, key string, value any) error {
	text, ok := file.Lookup(key)
	if !ok {
		return fmt.Errorf("the footer has no %s", key)
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("%s in the footer is damaged", key)
	}
	return nil
}

// compareColumns compares the names, types and paths of columns. It ignores whether text is JSON: that does not change
// a value.
func compareColumns(found, columns []schema.Column) error {
	if len(found) != len(columns) {
		return fmt.Errorf("%d columns, the manifest says %d", len(found), len(columns))
	}
	for i, c := range columns {
		f := found[i]
		switch {
		case f.Name != c.Name:
			return fmt.Errorf("column %d is %q, the manifest says %q", i+1, f.Name, c.Name)
		case f.Kind != c.Kind:
			return fmt.Errorf("column %q is %v, the manifest says %v", c.Name, f.Kind, c.Kind)
		case f.Path != c.Path:
			return fmt.Errorf("column %q comes from %q, the manifest says %q", c.Name, f.Path, c.Path)
		}
	}
	return nil
}
