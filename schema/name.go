package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxColumnName bounds a column's name, in bytes.
const maxColumnName = 120

// names are the column names in use, folded.
type names map[string]bool

// fold maps names that differ in case only to the same text.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

func (n names) use(name string) string {
	n[fold(name)] = true
	return name
}

// choose returns a name for the column of a path that no other column has, and takes it. It is made of the path's
// member names; one that is taken, cut or no longer tells them apart ends in a hash of the path.
func (n names) choose(path string) string {
	name, same := sanitise(strings.Join(splitPath(path), "_"))
	if same && !n[fold(name)] {
		return n.use(name)
	}
	for seed := path; ; seed += "#" {
		if name := suffixed(name, seed); !n[fold(name)] {
			return n.use(name)
		}
	}
}

// suffixed returns a name that ends in a hash of the seed.
func suffixed(name, seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return cut(name, maxColumnName-9) + "_" + hex.EncodeToString(sum[:4])
}

// sanitise replaces what readers or terminals trip over by `_` and cuts the name to its bound. It reports whether the
// name still stands for the same: neither cut nor left without a letter or digit.
func sanitise(text string) (name string, same bool) {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,;{}()=.\"'`\\/", r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(text, "_"))
	short := cut(name, maxColumnName)
	return short, short == name && strings.ContainsFunc(name, legible)
}

func legible(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSymbol(r))
}

// cut shortens text to a number of bytes, at the end of a rune.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 0 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}
