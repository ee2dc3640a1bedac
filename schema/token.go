package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math"
)

// Token returns what stands for a text under a key: its HMAC-SHA-256 in lower-case hexadecimal. A text that is equal
// has an equal token, in whatever table, column or run.
func Token(key, text []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// tokens makes the tokens of a decoder. What it returns is overwritten by the next call.
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

// token returns the token of a valid JSON value that is not null, as a JSON string. k is the type of the value's
// column: values that it takes for the same have the same token; 0 if the type is not known.
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

// plain returns the text whose token is made: a scalar as its type writes it, an array or object as compact JSON. Null is
// true if the type takes the value for null.
func (t *tokens) plain(raw []byte, k Kind) (text []byte, null bool) {
	if raw[0] == '{' || raw[0] == '[' {
		t.text = appendBounded(t.text[:0], raw)
		return t.text, false
	}
	text, _ = scalarText(t.text[:0], raw)
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
