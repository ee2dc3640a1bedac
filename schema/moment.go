package schema

import (
	"bytes"
	"fmt"
	"time"
)

const (
	secondsPerDay = 86400
	microseconds  = 1_000_000
)

// parseTime reads "2025-09-19 11:10:41", or the same with a T, a fraction or a zone, as microseconds since 1970.
// Without a zone, the time is UTC. A fraction finer than a microsecond does not fit.
func parseTime(text []byte) (int64, bool) {
	micros, offset, ok := parseClock(text)
	return micros - offset*microseconds, ok
}

// parseDay reads a date as days since 1970. A time fits only if it is midnight UTC, so that nothing is lost.
func parseDay(text []byte) (int64, bool) {
	if len(text) == len(time.DateOnly) {
		return parseDate(text)
	}
	micros, offset, ok := parseClock(text)
	if !ok || offset != 0 || micros%(secondsPerDay*microseconds) != 0 {
		return 0, false
	}
	return micros / (secondsPerDay * microseconds), true
}

// parseClock reads a time and its zone apart: the date and time of day as if they were UTC, in microseconds since 1970,
// and the zone's offset in seconds east of UTC.
func parseClock(text []byte) (micros, offset int64, ok bool) {
	if len(text) < 19 || text[10] != ' ' && text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return 0, 0, false
	}
	day, ok := parseDate(text[:10])
	hour, minute, second := two(text[11:]), two(text[14:]), two(text[17:])
	if !ok || uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return 0, 0, false
	}
	micros = (day*secondsPerDay + int64(hour*3600+minute*60+second)) * microseconds
	if len(text) == 19 {
		return micros, 0, true
	}
	fraction, zone, ok := parseFraction(text[19:])
	if !ok {
		return 0, 0, false
	}
	offset, ok = parseZone(zone)
	return micros + fraction, offset, ok
}

// parseDate reads a text of ten bytes, "2025-09-19", as days since 1970.
func parseDate(text []byte) (int64, bool) {
	if text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	century, year, month, day := two(text), two(text[2:]), two(text[5:]), two(text[8:])
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(century*100+year, month) {
		return 0, false
	}
	return daysSince1970(century*100+year, month, day), true
}

// two reads two digits; -1 if text does not start with two.
func two(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}

// parseFraction reads a fraction of a second as microseconds, 0 if there is none, and returns the text after it.
func parseFraction(text []byte) (micros int64, rest []byte, ok bool) {
	if text[0] != '.' {
		return 0, text, true
	}
	n := digits(text[1:])
	for i, c := range text[1 : 1+n] {
		if i < 6 {
			micros = micros*10 + int64(c-'0')
		} else if c != '0' {
			return 0, nil, false
		}
	}
	for i := n; i < 6; i++ {
		micros *= 10
	}
	return micros, text[1+n:], n > 0
}

// parseZone reads "Z", "+02:00", "+0200", "+02" or nothing as seconds east of UTC. A space may come first.
func parseZone(text []byte) (int64, bool) {
	text = bytes.TrimPrefix(text, []byte(" "))
	minute := 0
	switch n := len(text); {
	case n == 0 || string(text) == "Z":
		return 0, true
	case n == 6 && text[3] == ':':
		minute = two(text[4:])
	case n == 5:
		minute = two(text[3:])
	case n != 3:
		return 0, false
	}
	hour := two(text[1:])
	if uint(hour) > 23 || uint(minute) > 59 {
		return 0, false
	}
	offset := int64(hour*3600 + minute*60)
	switch text[0] {
	case '+':
		return offset, true
	case '-':
		return -offset, true
	}
	return 0, false
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts in years that begin in March, so that a leap day is the last of its year. time.Date is far slower.
func daysSince1970(year, month, day int) int64 {
	year, month = year+400, month-3 // the calendar repeats every 400 years
	if month < 0 {
		year, month = year-1, month+12
	}
	days := year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1
	return int64(days - 719468 - 146097)
}

func appendDate(dst []byte, days int64) []byte {
	return time.Unix(days*secondsPerDay, 0).UTC().AppendFormat(dst, time.DateOnly)
}

func appendTime(dst []byte, micros int64) []byte {
	t := time.UnixMicro(micros).UTC()
	dst = t.AppendFormat(dst, time.DateTime)
	if fraction := t.Nanosecond() / 1000; fraction != 0 {
		dst = fmt.Appendf(dst, ".%06d", fraction)
	}
	return dst
}
