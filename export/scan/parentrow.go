package scan

import "mailerlake/schema"

// parentRow is a row of the parent, whose list is read; nil for a list of the account.
type parentRow struct {
	key             schema.Key
	columns, values []string // the columns that repeat its key, and their values
}

// path fills the parent's key into a path.
func (p *parentRow) path(path string) string {
	if p == nil {
		return path
	}
	return schema.Fill(path, p.columns, p.values)
}

// begin makes a walk one of the parent's list.
func (p *parentRow) begin(w *walk) {
	if p == nil {
		return
	}
	w.mark.Walk, w.mark.Parent = walkOfParent(p.key)+"?"+w.mark.Walk, true
	w.of = p
}

// decode makes a decoder one for the parent's list.
func (p *parentRow) decode(d *schema.Decoder) {
	if p != nil {
		d.SetParent(p.columns, p.values)
	}
}

// inKeyOrder brings a key from the order of rows into that of the table's key columns.
func inKeyOrder(t *schema.Table, key schema.Key) []string {
	values := make([]string, len(key))
	for i, name := range t.Key {
		for at, ordered := range t.Order {
			if ordered == name {
				values[i] = key[at]
			}
		}
	}
	return values
}
