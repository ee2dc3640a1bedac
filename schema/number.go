package schema

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// isNumber reports whether text is a decimal number as JSON writes it, or the same with a plus sign or leading zeros.
func isNumber(text []byte) bool {
	text = unsigned(text)
	whole := digits(text)
	if whole == 0 {
		return false
	}
	text = text[whole:]
	if len(text) > 0 && text[0] == '.' {
		n := digits(text[1:])
		if n == 0 {
			return false
		}
		text = text[1+n:]
	}
	if len(text) == 0 {
		return true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = unsigned(text[1:])
	return len(text) > 0 && digits(text) == len(text)
}

// unsigned returns text without its sign.
func unsigned(text []byte) []byte {
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

// digits counts the leading digits of text.
func digits(text []byte) int {
	for i, c := range text {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(text)
}

// parseInt reads a number whose value is an int64, in any notation: 3, +3, 003, 3.0, 0.3e1.
func parseInt(text []byte) (int64, bool) {
	if n := len(text); n > 0 && n <= 18 && digits(text) == n {
		var x int64
		for _, c := range text {
			x = x*10 + int64(c-'0')
		}
		return x, true
	}
	if !isNumber(text) {
		return 0, false
	}
	return parseDecimal(text)
}

// parseDecimal reads a valid number: its significant digits, followed by the zeros between them and the decimal point.
func parseDecimal(text []byte) (int64, bool) {
	mantissa, exponent, hasExponent := bytes.Cut(bytes.ToLower(text), []byte("e"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	number := string(whole) + string(fraction)
	trimmed := trimZeros(number)
	if trimmed == "" {
		return 0, true
	}
	zeros := len(number) - len(trimmed) - len(fraction)
	if hasExponent {
		e, err := strconv.Atoi(string(exponent))
		if err != nil {
			return 0, false
		}
		zeros += e // a sum that wraps around is out of bounds too
	}
	if zeros < 0 || zeros > 19 {
		return 0, false
	}
	x, err := strconv.ParseInt(trimmed+"0000000000000000000"[:zeros], 10, 64)
	return x, err == nil
}

// trimZeros removes trailing zeros, and the sign if nothing else is left: zero becomes empty.
func trimZeros(number string) string {
	trimmed := strings.TrimRight(number, "0")
	if trimmed == "+" || trimmed == "-" {
		return ""
	}
	return trimmed
}

// parseFloat reads a number that fits a float64. It must be in range, and a number written without a point or exponent
// must be exact.
func parseFloat(text []byte) (float64, bool) {
	if n := len(text); n > 0 && n <= 15 && digits(text) == n {
		x, _ := parseInt(text)
		return float64(x), true
	}
	if !isNumber(text) {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(text), 64)
	if err != nil || x == 0 && !isZero(text) {
		return 0, false
	}
	if whole := unsigned(text); x != 0 && len(whole) > 15 && digits(whole) == len(whole) {
		var exact [320]byte
		return x, bytes.Equal(strconv.AppendFloat(exact[:0], math.Abs(x), 'f', 0, 64), bytes.TrimLeft(whole, "0"))
	}
	return x, true
}

// isZero reports whether all digits of a valid number, up to its exponent, are zeros.
func isZero(text []byte) bool {
	for _, c := range text {
		if c >= '1' && c <= '9' {
			return false
		}
		if c == 'e' || c == 'E' {
			break
		}
	}
	return true
}

// appendFloat appends the shortest text that reads back as x, with an exponent only below 1e-6 and from 1e21 on.
func appendFloat(dst []byte, x float64) []byte {
	if abs := math.Abs(x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}
