package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailerlake/schema"
)

// Privacy records which columns are kept out of the dataset. It applies to every table and every part.
type Privacy struct {
	// Drop and Hash name columns as "table.column", in lower case, sorted.
	Drop []string `json:"drop,omitempty"`
	Hash []string `json:"hash,omitempty"`
	// KeyCheck verifies that a key is the one that values were hashed with; empty if nothing is hashed.
	KeyCheck string `json:"key_check,omitempty"`
}

// Clone returns a copy that shares no memory with p, nil for nil.
func (p *Privacy) Clone() *Privacy {
	if p == nil {
		return nil
	}
	return &Privacy{Drop: slices.Clone(p.Drop), Hash: slices.Clone(p.Hash), KeyCheck: p.KeyCheck}
}

// Columns returns the columns of a table that are dropped or hashed.
func (p *Privacy) Columns(table string) []string {
	if p == nil {
		return nil
	}
	var columns []string
	for _, entry := range slices.Concat(p.Drop, p.Hash) {
		if t, column, _ := strings.Cut(entry, "."); t == table {
			columns = append(columns, column)
		}
	}
	return columns
}

// check returns what is wrong with a manifest's privacy. Nil is fine: such a dataset holds everything.
func (p *Privacy) check() error {
	if p == nil {
		return nil
	}
	if len(p.Drop)+len(p.Hash) == 0 {
		return errors.New("it names no column")
	}
	for _, list := range [][]string{p.Drop, p.Hash} {
		for i, entry := range list {
			if i > 0 && entry <= list[i-1] {
				return fmt.Errorf("column %s is out of order, or there twice", quote(entry))
			}
			if err := checkEntry(entry); err != nil {
				return fmt.Errorf("column %s: %w", quote(entry), err)
			}
		}
	}
	for _, entry := range p.Drop {
		if slices.Contains(p.Hash, entry) {
			return fmt.Errorf("column %s is both dropped and hashed", quote(entry))
		}
	}
	if (len(p.Hash) > 0) != sumPattern.MatchString(p.KeyCheck) || len(p.Hash) == 0 && p.KeyCheck != "" {
		return errors.New("its key check is wrong")
	}
	return nil
}

func checkEntry(entry string) error {
	table, column, _ := strings.Cut(entry, ".")
	if !tablePattern.MatchString(table) {
		return errors.New("it does not begin with a table")
	}
	return checkColumn(schema.Column{Name: column, Kind: schema.String})
}
