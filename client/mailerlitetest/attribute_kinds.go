package mailerlitetest

import (
	"strconv"
	"strings"
)

// The functions below declare attributes of the common kinds, each with what
// it takes from a row.

func idAttribute[T any](name string, of func(T) uint64) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte { return appendID(b, of(row)) }}
}

func textAttribute[T any](name string, of func(T) string) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, a *Account, row T, _ view) []byte { return a.appendText(b, of(row)) }}
}

func countAttribute[T any](name string, of func(T) int) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte {
		return strconv.AppendInt(b, int64(of(row)), 10)
	}}
}

func flagAttribute[T any](name string, of func(T) bool) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte { return appendBool(b, of(row)) }}
}

// timeAttribute is a time as most rows have it, null if zero.
func timeAttribute[T any](name string, of func(T) stamp) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte { return appendStamp(b, of(row)) }}
}

// isoAttribute is a time in ISO 8601, null if zero.
func isoAttribute[T any](name string, of func(T) stamp) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte {
		if of(row) == 0 {
			return append(b, "null"...)
		}
		return appendISO(b, of(row))
	}}
}

// rateAttribute is a rate as an object, see appendRate.
func rateAttribute[T any](name string, of func(T) (part, whole int)) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte {
		part, whole := of(row)
		return appendRate(b, part, whole, 14)
	}}
}

// rawAttribute is the same JSON text in every row.
func rawAttribute[T any](name, json string) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, _ T, _ view) []byte { return append(b, json...) }}
}

// accountIDAttribute is the account's id, which some rows repeat.
func accountIDAttribute[T any]() attribute[T] {
	return attribute[T]{name: "account_id", append: func(b []byte, a *Account, _ T, _ view) []byte {
		return a.appendText(b, a.opt.AccountID)
	}}
}

// appendAccountNumber appends the account's id as the number that it is in MailerLite. An id that is none stays text.
func (a *Account) appendAccountNumber(b []byte) []byte {
	if strings.Trim(a.opt.AccountID, "0123456789") == "" {
		return append(b, a.opt.AccountID...)
	}
	return a.appendText(b, a.opt.AccountID)
}
