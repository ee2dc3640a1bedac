package feed

// Kind is what happened to a row, in one snapshot or in all of a window.
type Kind uint8

const (
	Insert Kind = iota + 1
	Update
	Delete
)

// String returns the kind as change files write it.
func (k Kind) String() string {
	switch k {
	case Insert:
		return inserted
	case Update:
		return updated
	}
	return deleted
}
