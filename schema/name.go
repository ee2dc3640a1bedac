package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxColumnName is the greatest length of a column's name, in bytes.
const maxColumnName = 120

// names holds the column names in use, folded.
type names map[string]bool

// reserved returns the names that no column of a table gets: change files, answers about changes and Delta's change data feed
// have columns of these names beside the table's.
func reserved() names {
	n := names{}
	for _, name := range []string{"_change", "_snapshot", "_changed_at", "_table", "_change_type", "_commit_version", "_commit_timestamp"} {
		n.use(name)
	}
	return n
}

// fold maps names that differ only in case to the same text.
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

// choose picks an unused name for the column of a path and marks it as used. The name joins the path's member names; it
// ends in a hash of the path if it would otherwise be taken, too long, or without a letter or digit.
func (n names) choose(path string, members []string) string {
	name, same := sanitise(strings.Join(members, "_"))
	if same && !n[fold(name)] {
		return n.use(name)
	}
	for seed := path; ; seed += "#" {
		if name := suffixed(name, seed); !n[fold(name)] {
			return n.use(name)
		}
	}
}

// suffixed returns the name, cut if need be, with a hash of the seed at its end.
func suffixed(name, seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return cut(name, maxColumnName-9) + "_" + hex.EncodeToString(sum[:4])
}

// sanitise makes a column name from text: it replaces characters that readers or terminals cannot handle with `_`, and
// cuts the name to maxColumnName. same is false if the name was cut or has no letter, digit or symbol.
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

// cut shortens text to at most the given number of bytes, without splitting a rune.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 0 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}
