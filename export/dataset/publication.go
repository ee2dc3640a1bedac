package dataset

// Publication says how a destination's files differ from those of the dataset that they were made of.
type Publication struct {
	// Format is that of the destination. Only "delta" is known; a destination of format "parquet" has the dataset's files as
	// they are, and its manifest has no Publication.
	Format string `json:"format"`
}

// Clone returns a copy that shares no memory with p, nil for nil.
func (p *Publication) Clone() *Publication {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
