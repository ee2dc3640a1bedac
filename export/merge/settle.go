package merge

import mathbits "math/bits"

// Settle decides which parts are written, once it is known whether the candidates are deleted. withheld says why they
// are not, and is empty if they are. Settle may be called again.
func (p *Plan) Settle(t *Table, withheld string) {
	p.Withheld, p.Deleted, p.Unproven = withheld, p.candidates, p.unknown
	if withheld != "" {
		p.Deleted, p.Unproven = 0, p.unknown+p.candidates
	}
	for i := range p.Parts {
		p.Parts[i].settle(t, i, withheld == "")
	}
	if last := len(p.Parts) - 1; last >= 0 && p.Tail > 0 && p.Parts[last].Rows < t.Sizes.Part {
		p.Parts[last].Dirty = true
	}
	opened := p.newParts(t.Sizes.Part)
	p.PartsWritten, p.PartsTotal = opened, opened
	for _, part := range p.Parts {
		p.PartsTotal++
		if part.Dirty {
			p.PartsWritten++
		}
	}
}

func (p *PartPlan) settle(t *Table, i int, deletes bool) {
	p.Rows = t.Parts[i].Rows + p.Added
	p.Dirty = p.Changed > 0 || t.newColumns()
	if t.Damaged[t.Parts[i].Path] != nil {
		p.Rows, p.Dirty = p.Rows-t.lostRows(i), true
	}
	if t.Rewrite {
		p.Rows, p.Dirty = p.Added, true
	}
	if deletes && p.Unmet > 0 {
		p.Rows -= p.Unmet
		p.Dirty = true
	}
}

// newParts returns how many parts of part rows the commit opens, without those that outgrown parts are cut into.
func (p *Plan) newParts(part int64) int {
	rows := p.Tail
	if n := len(p.Parts); n > 0 {
		rows -= max(0, part-p.Parts[n-1].Rows)
	} else if rows == 0 {
		return 1 // a table has at least one part
	}
	return int((max(0, rows) + part - 1) / part)
}

// bits is a set of row numbers.
type bits []uint64

func (b *bits) set(i int64) {
	for int64(len(*b)) <= i>>6 {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

// count returns how many numbers are in the set.
func (b bits) count() (n int64) {
	for _, word := range b {
		n += int64(mathbits.OnesCount64(word))
	}
	return n
}

func (b bits) has(i int64) bool { return i>>6 < int64(len(b)) && b[i>>6]&(1<<(i&63)) != 0 }
