package part

import (
	"io"
	"slices"
)

// PageHeads returns a function that passes on a row group's bytes, so many at a time, and returns what is then known of it.
func PageHeads(before []byte) func(group []byte, step int) RowGroup {
	heads := newPageHeads(io.Discard)
	_, _ = heads.Write(before)
	return func(group []byte, step int) (g RowGroup) {
		for chunk := range slices.Chunk(group, step) {
			_, _ = heads.Write(chunk)
		}
		g.Bytes, g.Pages = heads.next()
		return g
	}
}
