package mailerlitetest

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// plainByte marks the bytes that need no escape in a JSON string, neither in
// PHP's spelling nor in the plain one.
var plainByte = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '/'
	}
	return t
}()

// appendString appends s as a JSON string: as PHP's json_encode does, with
// \/ and \uXXXX, or, if plain, in UTF-8 and with bare slashes.
func appendString(b []byte, s string, plain bool) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if plainByte[s[i]] {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		r, n := utf8.DecodeRuneInString(s[i:])
		b = appendRune(b, r, plain)
		i += n
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendRune(b []byte, r rune, plain bool) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '/':
		if plain {
			return append(b, '/')
		}
		return append(b, `\/`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	switch {
	case plain && r >= 0x20:
		return utf8.AppendRune(b, r)
	case r >= 0x10000:
		r -= 0x10000
		return appendUnit(appendUnit(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return appendUnit(b, r)
}

func appendUnit(b []byte, u rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}

// appendNumber appends f as PHP writes a float: rounded to precision significant
// digits, or from 17 on in the shortest form that reads back as f, and without a
// fraction if that is zero.
func appendNumber(b []byte, f float64, precision int) []byte {
	if precision >= 17 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'g', precision, 64)
	f, _ = strconv.ParseFloat(s, 64)
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendPercent appends part/whole in percent, with at most two decimals, as a
// subscriber's rates are written.
func appendPercent(b []byte, part, whole uint32) []byte {
	if part == 0 || whole == 0 {
		return append(b, '0')
	}
	return appendCents(b, int64((2*10000*uint64(part)+uint64(whole))/(2*uint64(whole))))
}

// appendCents appends n/100 without trailing zeros.
func appendCents(b []byte, n int64) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/100, 10)
	switch c := n % 100; {
	case c == 0:
		return b
	case c%10 == 0:
		return append(b, '.', byte('0'+c/10))
	default:
		return append(b, '.', byte('0'+c/10), byte('0'+c%10))
	}
}

// appendRate appends a rate as an object, as groups and campaigns have it: the
// fraction as a number, and the percentage as text.
func appendRate(b []byte, part, whole, precision int) []byte {
	f := ratio(part, whole)
	b = append(b, `{"float":`...)
	b = appendNumber(b, f, precision)
	b = append(b, `,"string":"`...)
	b = appendCents(b, int64(math.Round(f*10000)))
	return append(b, `%"}`...)
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

func appendID(b []byte, id uint64) []byte {
	b = append(b, '"')
	b = strconv.AppendUint(b, id, 10)
	return append(b, '"')
}

// stamp is a Unix time in seconds; zero is null.
type stamp uint32

func stampOf(t time.Time) stamp {
	if t.IsZero() {
		return 0
	}
	return stamp(t.Unix())
}

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

const secondsPerDay = 24 * 60 * 60

// appendStamp appends s as "2006-01-02 15:04:05", UTC, or null.
func appendStamp(b []byte, s stamp) []byte {
	if s == 0 {
		return append(b, "null"...)
	}
	b = appendDate(append(b, '"'), int(s/secondsPerDay))
	t := s % secondsPerDay
	b = append2(append(b, ' '), int(t/3600))
	b = append2(append(b, ':'), int(t/60%60))
	b = append2(append(b, ':'), int(t%60))
	return append(b, '"')
}

// appendISO appends s as "2006-01-02T15:04:05.000000Z".
func appendISO(b []byte, s stamp) []byte {
	return s.time().AppendFormat(b, `"2006-01-02T15:04:05.000000Z"`)
}

// appendDate appends the day, counted from 1 January 1970, as 2006-01-02.
// The algorithm is known as civil_from_days. Package time is several times
// slower, and a row has five dates.
func appendDate(b []byte, day int) []byte {
	z := day + 719_468
	era := z / 146_097
	doe := z - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month := yoe+era*400, mp+3
	if month > 12 {
		year, month = year+1, month-12
	}
	b = append2(append2(b, year/100), year%100)
	b = append2(append(b, '-'), month)
	return append2(append(b, '-'), doy-(153*mp+2)/5+1)
}

// append2 appends a number of two digits.
func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
