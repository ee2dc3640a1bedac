package export

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// personSearch finds the rows about a person, in history and in the present tables. It begins with the tables whose rows are
// people, and follows the declared references to their rows, as far as these lead.
type personSearch struct {
	data   *dataset.Dataset
	tables []*personTable
}

// personTable is a table that may have rows about the person.
type personTable struct {
	declared *schema.Table
	state    *dataset.TableState
	person   bool // its rows are people
	// address are the forms in which the column of addresses may have the person's; nil to look for the key alone.
	address [][]byte
	to      []*personReference
	asked   bool            // other tables refer to it, so that the keys of its rows are needed
	keys    map[string]bool // of the rows found, joined
	found   []schema.Key    // the same, in the order of Key
	files   map[int]bool    // the change files, by index, that have rows about the person
}

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

// search finds the rows.
func (o *ForgetOptions) search(ctx context.Context, d *dataset.Dataset) (*personSearch, error) {
	s := &personSearch{data: d}
	if err := s.choose(o); err != nil {
		return nil, err
	}
	if err := s.findPeople(ctx, o); err != nil {
		return nil, err
	}
	for more := true; more; {
		more = false
		for _, t := range s.tables {
			grown, err := s.find(ctx, t)
			if err != nil {
				return nil, err
			}
			more = more || grown && t.asked
		}
	}
	return s, nil
}

// any reports whether a change file has rows about the person.
func (s *personSearch) any() bool {
	return slices.ContainsFunc(s.tables, func(t *personTable) bool { return len(t.files) > 0 })
}

// choose collects the tables of people and those that lead to them.
func (s *personSearch) choose(o *ForgetOptions) error {
	for _, t := range o.Catalog.Tables() {
		if t.Address != "" {
			s.add(t, true)
		}
	}
	if len(s.tables) == 0 {
		return &ForgetError{"the dataset has no table of people"}
	}
	for i := 0; i < len(s.tables); i++ { // it grows
		for _, t := range o.Catalog.Tables() {
			for _, ref := range t.References {
				if ref.Table == s.tables[i].declared.Name {
					s.add(t, false)
				}
			}
		}
	}
	for _, t := range s.tables {
		for _, ref := range t.declared.References {
			if to := s.table(ref.Table); to != nil && hasAll(t.state, referring(ref)) {
				lead, err := o.lead(s.data.Manifest.Privacy, t, referring(ref), to)
				if err != nil {
					return err
				}
				t.to = append(t.to, lead)
				to.asked = true
			}
		}
	}
	return nil
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

func (s *personSearch) add(t *schema.Table, person bool) {
	if state := s.data.Manifest.Table(t.Name); state != nil && s.table(t.Name) == nil {
		s.tables = append(s.tables, &personTable{declared: t, state: state, person: person, keys: map[string]bool{}, files: map[int]bool{}})
	}
}

// table returns the table with a name, nil if it is not among them.
func (s *personSearch) table(name string) *personTable {
	if i := slices.IndexFunc(s.tables, func(t *personTable) bool { return t.declared.Name == name }); i >= 0 {
		return s.tables[i]
	}
	return nil
}

// findPeople finds the rows that stand for the person.
func (s *personSearch) findPeople(ctx context.Context, o *ForgetOptions) error {
	if o.ID != "" {
		for _, t := range s.tables {
			if t.person && len(t.state.Key) == 1 {
				t.note(schema.Key{o.ID})
			}
		}
		return nil
	}
	known := false
	for _, t := range s.tables {
		if !t.person || !hasAll(t.state, []string{t.declared.Address}) {
			continue
		}
		known = true
		var err error
		if t.address, err = o.forms(s.data.Manifest.Privacy, t.declared); err != nil {
			return err
		}
		if _, err := s.find(ctx, t); err != nil {
			return err
		}
	}
	found := slices.ContainsFunc(s.tables, func(t *personTable) bool { return len(t.keys) > 0 })
	switch {
	case !known:
		return &ForgetError{"the dataset keeps no addresses; give the person's --id"}
	case !found:
		return &ForgetError{"nobody with that address is in the tables or in their history; give the person's --id"}
	}
	return nil
}

// forms returns how a table may hold the address: as it is or, if the column is hashed, as a token.
func (o *ForgetOptions) forms(p *dataset.Privacy, t *schema.Table) ([][]byte, error) {
	hashed, err := o.isHashed(p, t.Name, t.Address)
	if err != nil || !hashed {
		return [][]byte{[]byte(o.Email)}, err
	}
	return [][]byte{[]byte(schema.Token(o.Key, []byte(o.Email))), []byte(schema.Token(o.Key, []byte(strings.ToLower(o.Email))))}, nil
}

// columns returns the columns that tell whether a row is about the person: the key, the address, and references.
func (t *personTable) columns() []string {
	names := slices.Clone(t.state.Key)
	if t.address != nil {
		names = append(names, t.declared.Address)
	}
	for _, ref := range t.to {
		names = append(names, ref.columns...)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// find looks for rows of a table that are about the person, and reports whether it found keys that were not known.
func (s *personSearch) find(ctx context.Context, t *personTable) (grown bool, err error) {
	known := len(t.keys)
	for i, c := range t.state.Changes {
		if !c.History {
			continue
		}
		err := feed.Scan(ctx, s.data, t.state, i, append(t.columns(), schema.SyncedAt), func(b *schema.Batch) error {
			if t.look(b) {
				t.files[i] = true
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	if t.asked || t.address != nil {
		if err := s.findPresent(ctx, t); err != nil {
			return false, err
		}
	}
	return len(t.keys) > known, nil
}

// findPresent looks for present rows, of which other rows in history may be.
func (s *personSearch) findPresent(ctx context.Context, t *personTable) error {
	for i := range t.state.Parts {
		if err := s.findInPart(ctx, t, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *personSearch) findInPart(ctx context.Context, t *personTable, i int) error {
	r, err := s.data.OpenPart(ctx, t.state, i)
	if err != nil {
		return &PartError{Path: t.state.Parts[i].Path, Err: err}
	}
	defer r.Close()
	for g, group := range t.state.Parts[i].RowGroups {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := readColumns(r, t.state, g, t.columns())
		if err != nil {
			return &PartError{Path: t.state.Parts[i].Path, Err: err}
		}
		b.Rows = int(group.Rows)
		t.look(b)
	}
	return nil
}

// readColumns reads columns of a row group by name.
func readColumns(r *part.Reader, t *dataset.TableState, group int, names []string) (*schema.Batch, error) {
	b := &schema.Batch{}
	for _, name := range names {
		at := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name })
		v := &schema.Vector{}
		if err := r.Read(group, at, v); err != nil {
			return nil, err
		}
		b.Columns, b.Vectors = append(b.Columns, t.Columns[at]), append(b.Vectors, v)
	}
	return b, nil
}

// look notes the keys of rows that are about the person, and reports whether any of them has values. Every row has a
// schema.SyncedAt, but for those in history whose values were taken before.
func (t *personTable) look(b *schema.Batch) (values bool) {
	keys, synced := b.Keys(t.state.Key), b.Vector(schema.SyncedAt)
	for row, is := range t.matches(b) {
		if !is {
			continue
		}
		values = values || synced != nil && !synced.Null(row)
		if t.asked || t.person {
			t.note(keys.At(row))
		}
	}
	return values
}

func (t *personTable) note(key schema.Key) {
	if joined := joinKey(key); !t.keys[joined] {
		t.keys[joined], t.found = true, append(t.found, key)
	}
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

// isPresent reports whether a table has a row with a key, which is in the order of Key.
func isPresent(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, key schema.Key) (bool, error) {
	ordered := make(schema.Key, len(key))
	for i, name := range t.RowOrder() {
		ordered[i] = key[slices.Index(t.Key, name)]
	}
	i := t.PartFor(ordered)
	if i < 0 {
		return false, nil
	}
	groups := t.Parts[i].RowGroups
	g, _ := slices.BinarySearchFunc(groups, ordered.Next(), func(g part.RowGroup, k schema.Key) int { return g.First.Compare(k) })
	if g--; g < 0 {
		return false, nil
	}
	r, err := d.OpenPart(ctx, t, i)
	if err != nil {
		return false, &PartError{Path: t.Parts[i].Path, Err: err}
	}
	defer r.Close()
	keys, err := r.Keys(g)
	if err != nil {
		return false, &PartError{Path: t.Parts[i].Path, Err: err}
	}
	at := keys.Search(0, ordered)
	return at < keys.Len() && keys.CompareKey(at, ordered) == 0, nil
}
