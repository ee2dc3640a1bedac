package delta

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/export/part"
	"mailerlake/schema"
)

const (
	// indexedColumns have statistics: the first ones, which begin with the key. So many is what Delta's writers take if a
	// table does not say otherwise.
	indexedColumns = 32
	// boundRunes is how many characters of a text are kept.
	boundRunes = 32
)

// statsOf returns the statistics of a part as the log has them, from the footer of the local file.
func statsOf(ctx context.Context, in *Input, p *part.Part) (string, error) {
	f, err := in.Open(ctx, p)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", p.Path, err)
	}
	r, err := part.OpenChecked(f, p, in.Table.Columns, in.Table.RowOrder())
	if err != nil {
		return "", fmt.Errorf("read %s: %w", p.Path, err)
	}
	defer r.Close()
	columns, err := r.Statistics()
	if err != nil {
		return "", fmt.Errorf("read statistics of %s: %w", p.Path, err)
	}
	n := min(indexedColumns, len(columns))
	return encodeStats(p.Rows, in.Table.Columns[:n], columns[:n])
}

// encodeStats writes statistics as JSON.
func encodeStats(rows int64, columns []schema.Column, stats []part.Statistics) (string, error) {
	var least, greatest, nulls members
	for i, c := range columns {
		s := stats[i]
		nulls.add(c.Name, strconv.AppendInt(nil, s.Nulls, 10))
		if s.Least != nil && s.Greatest != nil {
			least.add(c.Name, lowerBound(s.Least))
			greatest.add(c.Name, upperBound(s.Greatest))
		}
	}
	var all members
	all.add("numRecords", strconv.AppendInt(nil, rows, 10))
	all.add("minValues", least.object())
	all.add("maxValues", greatest.object())
	all.add("nullCount", nulls.object())
	text := all.object()
	if !jsontext.Value(text).IsValid() {
		return "", fmt.Errorf("statistics are not valid JSON")
	}
	return string(text), nil
}

// members are those of a JSON object, in order.
type members []byte

// add adds a member; without a value, it adds none.
func (m *members) add(name string, value []byte) {
	if value == nil {
		return
	}
	if len(*m) > 0 {
		*m = append(*m, ',')
	}
	*m = append(quoted(*m, name), ':')
	*m = append(*m, value...)
}

func (m members) object() []byte { return append(append([]byte{'{'}, m...), '}') }

// quoted appends text that is valid UTF-8, as all text of a part is.
func quoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

// lowerBound writes a value that is not above the one of a vector, nil if there is none that readers agree on. Flags have
// none: a reader learns nothing from it.
func lowerBound(v *schema.Vector) []byte {
	switch v.Kind {
	case schema.String:
		return quoted(nil, string(firstRunes(v.Text(0))))
	case schema.Int64:
		return strconv.AppendInt(nil, v.Int(0), 10)
	case schema.Double:
		if x := v.Float(0); x == 0 {
			return []byte("-0.0") // some readers tell it from 0.0, which is above it
		}
		return finite(v.Float(0))
	case schema.Timestamp:
		return instant(time.UnixMicro(v.Int(0)).Truncate(time.Millisecond))
	case schema.Date:
		return day(v.Int(0))
	}
	return nil
}

// upperBound writes a value that is not below the one of a vector.
func upperBound(v *schema.Vector) []byte {
	switch v.Kind {
	case schema.String:
		text, ok := above(v.Text(0))
		if !ok {
			return nil
		}
		return quoted(nil, string(text))
	case schema.Double:
		if v.Float(0) == 0 {
			return []byte("0.0")
		}
	case schema.Timestamp:
		return instant(time.UnixMicro(v.Int(0)).Add(time.Millisecond - time.Microsecond).Truncate(time.Millisecond))
	}
	return lowerBound(v)
}

// finite writes a number that JSON can express.
func finite(x float64) []byte {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return strconv.AppendFloat(nil, x, 'g', -1, 64)
}

// instant writes a time, whose year must have four digits.
func instant(at time.Time) []byte {
	if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
		return nil
	}
	return at.AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`)
}

// day writes the day that is a number of days after 1970-01-01.
func day(days int64) []byte {
	at := time.Unix(0, 0).UTC().AddDate(0, 0, int(days))
	if at.Year() < 1 || at.Year() > 9999 {
		return nil
	}
	return at.AppendFormat(nil, `"2006-01-02"`)
}

// firstRunes cuts text after boundRunes.
func firstRunes(text []byte) []byte {
	end := 0
	for n := 0; n < boundRunes && end < len(text); n++ {
		_, size := utf8.DecodeRune(text[end:])
		end += size
	}
	return text[:end]
}

// above returns a short text that is not below text bytewise: text itself if it is short. There may be none.
func above(text []byte) ([]byte, bool) {
	head := firstRunes(text)
	if len(head) == len(text) {
		return text, true
	}
	for len(head) > 0 {
		last, size := utf8.DecodeLastRune(head)
		head = head[:len(head)-size]
		if last++; last == 0xd800 { // surrogates are no characters
			last = 0xe000
		}
		if last <= utf8.MaxRune {
			return utf8.AppendRune(head[:len(head):len(head)], last), true
		}
	}
	return nil, false
}
