package schema

import "fmt"

// Kind is the type of a column's values.
type Kind uint8

const (
	// String is UTF-8 text: ids, plain text, and arrays and objects as JSON text.
	String Kind = iota + 1
	// Int64 is a count.
	Int64
	// Double is a rate or a number field.
	Double
	// Bool is a flag.
	Bool
	// Timestamp is an instant, in microseconds since 1970-01-01 UTC.
	Timestamp
	// Date is a calendar day, in days since 1970-01-01.
	Date
	// Raw is a JSON value as the API sent it, in compact form. Only page logs hold raw columns; their types are settled
	// once all scans are done.
	Raw
)

var kindNames = [...]string{String: "STRING", Int64: "INT64", Double: "DOUBLE", Bool: "BOOLEAN", Timestamp: "TIMESTAMP", Date: "DATE", Raw: "RAW"}

// String returns the name of the kind as manifests and messages write it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name. An unknown name is an error.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name != "" && name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown column type %q", text)
}

// text reports whether a Vector of the kind holds bytes rather than numbers.
func (k Kind) text() bool { return k == String || k == Raw }
