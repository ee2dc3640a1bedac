package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// decoding numbers the ways in which records have been decoded so far. It goes up when the same declaration and records
// give other columns, so that no page log of an earlier way is read.
const decoding = 3

// Fingerprint identifies what is asked for to read a table, how the answers are decoded and what is protected in them.
// Page logs of equal fingerprints hold rows that mean the same.
func (t *Table) Fingerprint() string {
	type declaration struct {
		Decoding         int
		Table            Table // without what holds functions or other tables
		Source           any
		Children         []declaration
		Drop, Hash       []string
		KeyCheck, Parent string
	}
	var describe func(t *Table) declaration
	describe = func(t *Table) declaration {
		d := declaration{Decoding: decoding, Table: *t}
		d.Table.Source = nil
		if derived, ok := t.Source.(*Derived); ok {
			d.Source = derived.From
		} else {
			d.Source = t.Source
		}
		d.Drop, d.Hash, d.KeyCheck = t.Protected()
		for _, child := range t.children {
			d.Children = append(d.Children, describe(child))
		}
		return d
	}
	text, err := json.Marshal(describe(t))
	if err != nil {
		panic(err) // declarations are plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
