package feed

// GroupRows makes a writer end row groups early.
func (w *Writer) GroupRows(n int) { w.group = n }

// Bound sets what a reader holds at once, and returns a function that sets it back.
func Bound(changed, past int, chunks int64) func() {
	c, p, k := changedKeys, pastKeys, keptChunks
	changedKeys, pastKeys, keptChunks = changed, past, chunks
	return func() { changedKeys, pastKeys, keptChunks = c, p, k }
}
