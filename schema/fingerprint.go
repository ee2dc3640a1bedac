package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// decoding is the version of how records are decoded. It goes up when the same declaration and records give different
// columns, so that no page log of an earlier version is read.
const decoding = 4

// Fingerprint identifies the requests that read a table, how the answers are decoded and what is protected in them.
// Page logs with equal fingerprints hold rows that mean the same.
func (t *Table) Fingerprint() string {
	type declaration struct {
		Decoding         int
		Table            Table // without functions and other tables
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
