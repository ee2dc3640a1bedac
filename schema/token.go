package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math"
)

// Token returns the token that replaces a text in a hashed column: its HMAC-SHA-256 under the key, in lower-case
// hexadecimal. Equal texts have equal tokens in every table, column and run.
func Token(key, text []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// KeyCheck returns what tells whether another key is this one, without revealing it.
func KeyCheck(key []byte) string { return Token(key, []byte("mailerlake: is this the key?")) }

// tokens makes a decoder's tokens.
type tokens struct {
	mac       hash.Hash
	text, out []byte
	sum       [sha256.Size]byte
}

func newTokens(g *guard) *tokens {
	if g == nil || len(g.key) == 0 {
		return nil
	}
	return &tokens{mac: hmac.New(sha256.New, g.key)}
}

// token returns the token of a valid JSON value, as a JSON string that the next call overwrites; null for a value that
// is null in its column. k is the type of the column without hashing, 0 if it is not known: values that are equal in
// that type have the same token.
func (t *tokens) token(raw []byte, k Kind) []byte {
	text, null := t.plain(raw, k)
	if null {
		return append(t.out[:0], "null"...)
	}
	t.mac.Reset()
	t.mac.Write(text)
	t.out = hex.AppendEncode(append(t.out[:0], '"'), t.mac.Sum(t.sum[:0]))
	t.out = append(t.out, '"')
	return t.out
}

// plain returns the text to hash: a scalar as its type writes it, an array or object as compact JSON. null reports that
// the value is null in its type.
func (t *tokens) plain(raw []byte, k Kind) (text []byte, null bool) {
	if raw[0] == '{' || raw[0] == '[' {
		t.text = appendBounded(t.text[:0], raw)
		return t.text, false
	}
	text = scalarText(t.text[:0], raw)
	if k == 0 || k.text() {
		return text, false
	}
	x, null, ok := parseScalar(k, text)
	if null || !ok {
		return text, null
	}
	t.text = appendNumeral(t.text[:0], k, x, math.Float64frombits(uint64(x)))
	return t.text, false
}
