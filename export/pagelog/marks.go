package pagelog

import (
	"slices"

	"mailerlake/schema"
)

// addUp adds the marks of row j of a batch to those of row i of another, which has the same key: true wins over false, and
// false over null. It writes in place: nobody else may have seen row i yet.
func addUp(marks []string, into *schema.Batch, i int, from *schema.Batch, j int) {
	for _, path := range marks {
		at, other := markedColumn(into, path), markedColumn(from, path)
		if at < 0 || other < 0 || from.Vectors[other] == nil {
			continue
		}
		if into.Vectors[at] == nil {
			into.Vectors[at] = schema.NewVector(from.Vectors[other].Kind)
			into.Vectors[at].AppendNull(into.Rows)
		}
		addMark(into.Vectors[at], i, from.Vectors[other], j)
	}
}

// markedColumn returns the place of the column with a path, -1 if the batch has none.
func markedColumn(b *schema.Batch, path string) int {
	return slices.IndexFunc(b.Columns, func(c schema.Column) bool { return c.Path == path })
}

func addMark(v *schema.Vector, i int, w *schema.Vector, j int) {
	if w.Null(j) || !v.Null(i) && (isTrue(v, i) || !isTrue(w, j)) {
		return
	}
	if v.Kind == schema.Bool {
		v.Valid[i], v.Nums[i] = true, w.Nums[j]
		return
	}
	changed := schema.NewVector(v.Kind) // a column that became text
	changed.AppendRows(v, 0, i)
	changed.AppendRows(w, j, j+1)
	changed.AppendRows(v, i+1, v.Len())
	*v = *changed
}

func isTrue(v *schema.Vector, i int) bool {
	if v.Kind == schema.Bool {
		return v.Int(i) != 0
	}
	return string(v.Text(i)) == "true"
}
