package mailerlitetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
)

// TestDemoStandsStill checks that the core tables of the demo account keep their
// bytes: numbers in the README and in scripts come from them. New tables draw
// from generators of their own.
func TestDemoStandsStill(t *testing.T) {
	for day, want := range map[int]string{0: "80b1ec658a31ec6a", 12: "0f3c4c392c9f1d9c"} {
		a := New(Demo(day))
		h := sha256.New()
		for _, table := range CoreTables {
			if err := a.Truth(table, h); err != nil {
				t.Fatal(err)
			}
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
			t.Errorf("day %d: got %s, want %s", day, got, want)
		}
	}
}

// TestAccountWithoutNumber: the demo of the program has an id that is no number, and its rows are JSON all the same.
func TestAccountWithoutNumber(t *testing.T) {
	o := Demo(0)
	o.AccountID, o.Subscribers = "demo", 50
	a := New(o)
	for _, table := range Tables {
		var rows bytes.Buffer
		if err := a.Truth(table, &rows); err != nil {
			t.Fatal(err)
		}
		for row := range bytes.Lines(rows.Bytes()) {
			if !json.Valid(row) {
				t.Fatalf("%s: not JSON: %.200s", table, row)
			}
		}
	}
}
