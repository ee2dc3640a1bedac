package export

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// personReference leads to another of the tables.
type personReference struct {
	columns []string // the key of the row referred to, in the order of its Key
	table   *personTable
	hashed  []bool // beside columns: they hold tokens
	key     []byte // of the tokens
	tokens  map[string]bool
	hidden  int // of the table's rows found are in tokens
}

// keys returns the joined keys of the rows found, as the columns hold them.
func (ref *personReference) keys() map[string]bool {
	if !slices.Contains(ref.hashed, true) {
		return ref.table.keys
	}
	for ; ref.hidden < len(ref.table.found); ref.hidden++ {
		key := slices.Clone(ref.table.found[ref.hidden])
		for i, hashed := range ref.hashed {
			if hashed {
				key[i] = schema.Token(ref.key, []byte(key[i]))
			}
		}
		ref.tokens[joinKey(key)] = true
	}
	return ref.tokens
}

// lead returns a reference from the columns of one table to another table.
func (o *ForgetOptions) lead(p *dataset.Privacy, from *personTable, columns []string, to *personTable) (*personReference, error) {
	ref := &personReference{columns: columns, table: to, key: o.Key, tokens: map[string]bool{}}
	for _, column := range columns {
		hashed, err := o.isHashed(p, from.declared.Name, column)
		if err != nil {
			return nil, err
		}
		ref.hashed = append(ref.hashed, hashed)
	}
	return ref, nil
}

// isHashed reports whether a column holds tokens, which takes their key.
func (o *ForgetOptions) isHashed(p *dataset.Privacy, table, column string) (bool, error) {
	switch name := table + "." + column; {
	case p == nil || !slices.Contains(p.Hash, strings.ToLower(name)):
		return false, nil
	case len(o.Key) == 0:
		return true, &ForgetError{fmt.Sprintf("%s is hashed; give its key with --hash-key-file", name)}
	case schema.KeyCheck(o.Key) != p.KeyCheck:
		return true, &ForgetError{"this is not the key that the dataset was hashed with"}
	}
	return true, nil
}

// forms returns how a table may hold the address: as it is or, if the column is hashed, as a token.
func (o *ForgetOptions) forms(p *dataset.Privacy, t *schema.Table) ([][]byte, error) {
	hashed, err := o.isHashed(p, t.Name, t.Address)
	switch {
	case err != nil && len(o.Key) == 0:
		return nil, &ForgetError{err.Error() + ", or the person's --id"}
	case err != nil || !hashed:
		return [][]byte{[]byte(o.Email)}, err
	}
	return [][]byte{[]byte(schema.Token(o.Key, []byte(o.Email))), []byte(schema.Token(o.Key, []byte(strings.ToLower(o.Email))))}, nil
}

// matches reports which rows are about the person: those that stand for the person, and those that refer to rows that are.
// Of another table, the same row may be about one person today and was about another before.
func (t *personTable) matches(b *schema.Batch) []bool {
	is := make([]bool, b.Rows)
	if t.person {
		t.matchKeys(is, b, t.state.Key, t.keys)
		t.matchAddress(is, b)
	}
	for _, ref := range t.to {
		t.matchKeys(is, b, ref.columns, ref.keys())
	}
	return is
}

// matchKeys marks the rows whose columns have one of some keys.
func (t *personTable) matchKeys(is []bool, b *schema.Batch, columns []string, keys map[string]bool) {
	vectors := b.Keys(columns)
	if len(keys) == 0 || slices.ContainsFunc(vectors, func(v *schema.Vector) bool { return v == nil || v.Kind != schema.String }) {
		return
	}
	for row := range is {
		if len(vectors) == 1 { // this does not allocate
			is[row] = is[row] || keys[string(vectors[0].Text(row))]
		} else {
			is[row] = is[row] || keys[joinKey(vectors.At(row))]
		}
	}
}

// matchAddress marks the rows that have the person's address.
func (t *personTable) matchAddress(is []bool, b *schema.Batch) {
	v := b.Vector(t.declared.Address)
	if t.address == nil || v == nil || v.Kind != schema.String {
		return
	}
	for row := range is {
		same := func(address []byte) bool { return bytes.EqualFold(address, v.Text(row)) }
		is[row] = is[row] || slices.ContainsFunc(t.address, same)
	}
}

func joinKey(key schema.Key) string { return strings.Join(key, "\x00") }
