package client

import (
	"encoding/base64"
	"strings"
)

// The form of MailerLite's recorded cursors: JSON, in base64 without padding. Its bytes are the same in both alphabets
// of base64, since none of its characters falls on what differs between them.
const (
	keysetHead = `{"id":`
	keysetTail = `,"_pointsToNextItems":true}`
)

// maxKeysetID is the number of digits of the greatest 64-bit id.
const maxKeysetID = 20

// Keyset returns the id of the row after which a cursor goes on. It is false for a cursor that differs in any byte from
// the recorded form: nothing is known about what such a cursor means.
func Keyset(cursor string) (id string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	id, ok = strings.CutPrefix(string(text), keysetHead)
	if ok {
		id, ok = strings.CutSuffix(id, keysetTail)
	}
	if !ok || !plainNumber(id) || KeysetCursor(id) != cursor {
		return "", false
	}
	return id, true
}

// KeysetCursor makes the cursor that goes on after the row with an id, a number without a leading zero. Whether a list
// follows a cursor that it did not hand out is for the caller to find out.
func KeysetCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(keysetHead + id + keysetTail))
}

// plainNumber reports whether a text is a whole number as JSON writes it, without a sign and not too long for an id.
func plainNumber(s string) bool {
	if s == "" || len(s) > maxKeysetID || s[0] == '0' && len(s) > 1 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
