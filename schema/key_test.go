package schema

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

func vectorOf(texts ...string) *Vector {
	v := NewVector(String)
	for _, text := range texts {
		v.AppendText([]byte(text))
	}
	return v
}

func TestKeyOrder(t *testing.T) {
	ordered := []Key{{"", "1"}, {"0", ""}, {"1", "9"}, {"1", "10"}, {"9", "1"}, {"A", "1"}, {"a", "1"}, {"10", "1"}, {"99", "1"}, {"100", "1"}, {"165968862226941797", "1"}}
	keys := Keys{NewVector(String), NewVector(String)}
	for _, key := range ordered {
		keys[0].AppendText([]byte(key[0]))
		keys[1].AppendText([]byte(key[1]))
	}
	for i, a := range ordered {
		for j, b := range ordered {
			want := min(max(i-j, -1), 1)
			if got := [3]int{a.Compare(b), keys.Compare(i, keys, j), keys.CompareKey(i, b)}; got != [3]int{want, want, want} {
				t.Errorf("%q and %q: got %v, want %d", a, b, got, want)
			}
		}
		if got := keys.Search(0, a); got != i || !slices.Equal(keys.At(got), a) {
			t.Errorf("%q is found at %d, want %d", a, got, i)
		}
		if got := keys.Search(0, a.Next()); got != i+1 {
			t.Errorf("what follows %q is found at %d, want %d", a, got, i+1)
		}
	}
}

func TestKeyNext(t *testing.T) {
	for _, test := range []struct{ key, want string }{{"1", "2"}, {"9", ":"}, {"a\xff", "b\x00"}, {"\xff\xff", "\x00\x00\x00"}, {"", "\x00"}} {
		if got := (Key{"x", test.key}).Next(); got[1] != test.want || got[0] != "x" {
			t.Errorf("after %q: got %q, want %q", test.key, got, test.want)
		}
	}
}

func TestKindText(t *testing.T) {
	for k := String; k <= Raw; k++ {
		text, err := k.MarshalText()
		var back Kind
		if err != nil || back.UnmarshalText(text) != nil || back != k {
			t.Errorf("%d is written %s and read %v", k, text, back)
		}
	}
	var k Kind
	if k.UnmarshalText([]byte("VARCHAR")) == nil || k.UnmarshalText(nil) == nil || Kind(99).String() != "Kind(99)" {
		t.Error("an unknown kind is taken")
	}
}

// Runs of rows copied between vectors stay equal to what they were, nulls included.
func TestVectorRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, k := range []Kind{String, Raw, Int64, Double, Bool} {
		src, dst := NewVector(k), NewVector(k)
		for i := range 50 {
			switch {
			case r.IntN(4) == 0:
				src.AppendNull(1)
			case k.text():
				src.AppendText([]byte(strconv.Itoa(i * i)))
			default:
				src.AppendInt(int64(i))
			}
		}
		dst.AppendRows(nil, 3, 5)
		for range 20 {
			from := r.IntN(50)
			to := from + r.IntN(51-from)
			at := dst.Len()
			dst.AppendRows(src, from, to)
			if !dst.EqualRows(at, src, from, to-from) || dst.Len() != at+to-from {
				t.Fatalf("%v: rows %d to %d differ after the copy", k, from, to)
			}
			for i := from; i < to; i++ {
				if !dst.Equal(at+i-from, src, i) || dst.Null(at+i-from) != src.Null(i) {
					t.Fatalf("%v: row %d differs after the copy", k, i)
				}
			}
		}
		if !dst.Null(0) || !dst.Null(1) || dst.Equal(0, vectorOf("x"), 0) {
			t.Errorf("%v: rows of no vector are not null", k)
		}
	}
}
