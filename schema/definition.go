package schema

// Defined returns the type of each column that rows of a defining table define, by name. A type that is not in
// Definitions.Kinds is text. A row without a name or a type defines nothing, so that a column keeps the type that it has.
func (t *Table) Defined(batches ...*Batch) map[string]Kind {
	kinds := map[string]Kind{}
	for _, b := range batches {
		keys, types := b.Vector(t.Defines.Key), b.Vector(t.Defines.Type)
		for i := range b.Rows {
			if keys == nil || keys.Null(i) || types == nil || types.Null(i) {
				continue
			}
			kind, ok := t.Defines.Kinds[string(types.Text(i))]
			if !ok {
				kind = String
			}
			kinds[string(keys.Text(i))] = kind
		}
	}
	return kinds
}
