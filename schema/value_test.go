package schema

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a value becomes in a column of each kind that is not text: a value, null, or "no" where it does not fit.
func TestAppendValue(t *testing.T) {
	tests := []struct {
		kind      Kind
		raw, want string
	}{
		// Numbers: text may have white space around it, a plus sign and leading zeros.
		{Int64, `""`, "null"},
		{Int64, `"   "`, "null"},
		{Int64, `"\t\n\u000b\f\r "`, "null"},
		{Int64, `null`, "null"},
		{Int64, `" 8 "`, "8"},
		{Int64, `"\t8\n"`, "8"},
		{Int64, `"\u000b8\u000c"`, "8"},
		{Int64, `"00123"`, "123"},
		{Int64, `"+5"`, "5"},
		{Int64, `" +005.0 "`, "5"},
		{Int64, `"-007"`, "-7"},
		{Int64, `"+0"`, "0"},
		{Int64, `"-00"`, "0"},
		{Int64, `"+000.0e5"`, "0"},
		{Int64, `-0e99`, "0"},
		{Int64, `"+0e99"`, "0"},
		{Int64, `1e9223372036854775807`, "no"},
		{Int64, `0.001e-9223372036854775808`, "no"},
		{Int64, `1000e9223372036854775807`, "no"},
		{Int64, `1e-9223372036854775809`, "no"},
		{Int64, `"0000000000000000000000000000000000000042"`, "42"},
		{Int64, `"+9223372036854775807"`, "9223372036854775807"},
		{Int64, `"-0009223372036854775808"`, "-9223372036854775808"},
		{Int64, `"1e+2"`, "100"},
		{Int64, `"1E2"`, "100"},
		{Int64, `"100e-02"`, "1"},
		{Int64, `10e17`, "1000000000000000000"},
		{Int64, `1e18`, "1000000000000000000"},
		{Int64, `0.000000000000000000009e21`, "9"},
		{Int64, `90000000000000000000e-19`, "9"},
		{Int64, `999999999999999999`, "999999999999999999"},
		{Int64, `9e1073741825`, "no"},
		{Int64, `9e-1073741825`, "no"},
		{Int64, `1e19`, "no"},
		{Int64, `1e20`, "no"},
		{Int64, `0.1`, "no"},
		{Int64, `1e-1`, "no"},
		{Int64, `"+9223372036854775808"`, "no"},
		{Int64, `"-9223372036854775809"`, "no"},
		{Int64, `"+"`, "no"},
		{Int64, `"-"`, "no"},
		{Int64, `"+-5"`, "no"},
		{Int64, `"--5"`, "no"},
		{Int64, `"+ 5"`, "no"},
		{Int64, `"1 000"`, "no"},
		{Int64, `"1,000"`, "no"},
		{Int64, `"5."`, "no"},
		{Int64, `".5"`, "no"},
		{Int64, `"5.e1"`, "no"},
		{Int64, `"5.0x"`, "no"},
		{Int64, `"5f"`, "no"},
		{Int64, `"5f2"`, "no"},
		{Int64, `{"5":5}`, "no"},
		{Int64, `["5"]`, "no"},
		{Int64, `"5e"`, "no"},
		{Int64, `"0e"`, "no"},
		{Int64, `"0ex"`, "no"},
		{Int64, `"0.0e1.5"`, "no"},
		{Int64, `"5e+"`, "no"},
		{Int64, `"5e+-1"`, "no"},
		{Int64, `"5e1.0"`, "no"},
		{Int64, `"5/"`, "no"},
		{Int64, `"5:"`, "no"},
		{Int64, `"\u00a08"`, "no"}, // a no-break space is no ASCII white space
		{Int64, `"8\u0000"`, "no"},
		{Int64, `"\u00088"`, "no"},
		{Int64, `"\u000e8"`, "no"},
		{Int64, `"\u0668"`, "no"},
		{Int64, `true`, "no"},
		{Int64, `[]`, "no"},
		{Int64, `{}`, "no"},

		{Double, `""`, "null"},
		{Double, `" "`, "null"},
		{Double, `" 8 "`, "8"},
		{Double, `"00123"`, "123"},
		{Double, `"00123.50"`, "123.5"},
		{Double, `"+5"`, "5"},
		{Double, `"-007.25e01"`, "-72.5"},
		{Double, `"+9007199254740992"`, "9.007199254740992e+15"},
		{Double, `"-009007199254740992"`, "-9.007199254740992e+15"},
		{Double, `"0000000000000000000"`, "0"},
		{Double, `"+0.000"`, "0"},
		{Double, `0e9`, "0"},
		{Double, `999999999999999`, "9.99999999999999e+14"},
		{Double, `1000000000000000`, "1e+15"},
		{Double, `9007199254740993.0`, "9.007199254740992e+15"}, // exact only if it is written as a whole number
		{Double, `"09007199254740993"`, "no"},
		{Double, `"+9007199254740993"`, "no"},
		{Double, `9999999999999999`, "no"},
		{Double, `"-1e400"`, "no"},
		{Double, `"-1e-400"`, "no"},
		{Double, `"Inf"`, "no"},
		{Double, `"1_0.5"`, "no"},
		{Double, `"50%"`, "no"},
		{Double, `"0,5"`, "no"},
		{Double, `"1.2.3"`, "no"},

		{Bool, `""`, "null"},
		{Bool, `"  "`, "null"},
		{Bool, `" true "`, "true"},
		{Bool, `"0"`, "false"},
		{Bool, `"01"`, "no"},
		{Bool, `"TRUE"`, "no"},

		// Dates, and times that say no more than a date.
		{Date, `""`, "null"},
		{Date, `" "`, "null"},
		{Date, `" 2025-09-19 "`, "2025-09-19"},
		{Date, `"2025-09-19 00:00:00"`, "2025-09-19"},
		{Date, `"2025-09-19T00:00:00"`, "2025-09-19"},
		{Date, `"2025-09-19T00:00:00Z"`, "2025-09-19"},
		{Date, `"2025-09-19T00:00:00.000000Z"`, "2025-09-19"},
		{Date, `"2025-09-19 00:00:00+00:00"`, "2025-09-19"},
		{Date, `"2025-09-19 00:00:00-0000"`, "2025-09-19"},
		{Date, `"2025-09-19 00:00:00 +00"`, "2025-09-19"},
		{Date, `"1969-12-31 00:00:00"`, "1969-12-31"},
		{Date, `"0001-01-01T00:00:00Z"`, "0001-01-01"},
		{Date, `"2025-09-19 00:00:01"`, "no"},
		{Date, `"2025-09-19 23:59:59"`, "no"},
		{Date, `"2025-09-19 00:00:00.000001"`, "no"},
		{Date, `"2025-09-19 00:00:00.0000001"`, "no"},
		{Date, `"2025-09-19T00:00:00+02:00"`, "no"},
		{Date, `"2025-09-19T02:00:00+02:00"`, "no"}, // midnight in UTC, but not on its own clock
		{Date, `"2025-09-19T00:00:00+0001"`, "no"},
		{Date, `"2025-02-29 00:00:00"`, "no"},
		{Date, `"2025-09-19T"`, "no"},
		{Date, `"2025-09-1"`, "no"},
		{Date, `"2025-9-190"`, "no"},
		{Date, `"2025/09/19"`, "no"},
		{Date, `"2025-09/19"`, "no"},
		{Date, `"-025-09-19"`, "no"},
		{Date, `"20:5-09-19"`, "no"},
		{Date, `"2025-00-19"`, "no"},
		{Date, `"2025-01-00"`, "no"},
		{Date, `"2025-01-31"`, "2025-01-31"},
		{Date, `"2025-12-32"`, "no"},
		{Date, `"2025-13-01"`, "no"},
		{Date, `"2025-06-31"`, "no"},
		{Date, `"1900-02-29"`, "no"},
		{Date, `"2000-02-29"`, "2000-02-29"},
		{Date, `"2024-02-30"`, "no"},
		{Date, `20250919`, "no"},

		// Times: the zone with or without its colon and minutes.
		{Timestamp, `""`, "null"},
		{Timestamp, `"\n"`, "null"},
		{Timestamp, `" 2025-09-19 11:10:41 "`, "2025-09-19 11:10:41"},
		{Timestamp, `"2025-09-19T11:10:41+0000"`, "2025-09-19 11:10:41"},
		{Timestamp, `"2025-09-19 11:10:41 +0000"`, "2025-09-19 11:10:41"},
		{Timestamp, `"2025-09-19T11:10:41+02"`, "2025-09-19 09:10:41"},
		{Timestamp, `"2025-09-19T11:10:41-0330"`, "2025-09-19 14:40:41"},
		{Timestamp, `"2025-09-19T11:10:41-03:30"`, "2025-09-19 14:40:41"},
		{Timestamp, `"2025-09-19T11:10:41.5+2359"`, "2025-09-18 11:11:41.500000"},
		{Timestamp, `"2025-09-19T11:10:41.123456789"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41.123456000"`, "2025-09-19 11:10:41.123456"},
		{Timestamp, `"2025-09-19T23:59:59"`, "2025-09-19 23:59:59"},
		{Timestamp, `"2025-09-19T11:10:41."`, "no"},
		{Timestamp, `"2025-09-19T11:10:41.Z"`, "no"},
		{Timestamp, `"2025-09-19T11:60:41"`, "no"},
		{Timestamp, `"2025-09-19T11:10:60"`, "no"},
		{Timestamp, `"2025-09-19T11:10:4"`, "no"},
		{Timestamp, `"2025-09-19_11:10:41"`, "no"},
		{Timestamp, `"2025-09-19T11.10:41"`, "no"},
		{Timestamp, `"2025-09-19T11:10.41"`, "no"},
		{Timestamp, `"2025-09-19T1::10:41"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41z"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41 UTC"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41  +0000"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+2400"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+0060"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+02:"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+2"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+0 00"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+02:0"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+02-00"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41+02:000"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41*0200"`, "no"},
		{Timestamp, `"2025-09-19T11:10:41 02"`, "no"},
	}
	for _, test := range tests {
		v := NewVector(test.kind)
		got := "no"
		if appendValue(v, []byte(test.raw), scalar) {
			got = show(v, 0)
		}
		if got != test.want || v.Len() != len(v.Nums) || (got == "no") != (v.Len() == 0) {
			t.Errorf("%v %s: got %s (%d rows), want %s", test.kind, test.raw, got, v.Len(), test.want)
		}
	}
}

// In a text column every scalar is text as it came, an empty one too.
func TestAppendText(t *testing.T) {
	deep := strings.Repeat("[", maxNesting+1) + " " + strings.Repeat("]", maxNesting+1)
	tests := []struct {
		form      form
		raw, want string
	}{
		{scalar, `""`, `""`},
		{scalar, `" 8 "`, `" 8 "`},
		{scalar, `null`, "null"},
		{scalar, `007`, `"007"`},
		{scalar, `[1]`, "no"},
		{document, `""`, `"\"\""`},
		{document, `null`, "null"},
		{anything, `""`, `""`},
		{anything, `[ 1 ]`, `"[1]"`},
		{anything, deep, strconv.Quote(deep)}, // nested too deep: as it was sent
		{scalar, deep, "no"},
		{document, deep, "no"},
	}
	for _, test := range tests {
		v := NewVector(String)
		got := "no"
		if appendValue(v, []byte(test.raw), test.form) {
			got = show(v, 0)
		}
		if got != test.want || (got == "no") != (v.Len() == 0) {
			t.Errorf("form %d, %s: got %s, want %s", test.form, test.raw, got, test.want)
		}
	}
}

// Reading a value never writes to it: it is part of the page.
func TestAppendValueLeavesItsInput(t *testing.T) {
	for _, raw := range []string{`" -007 "`, `"2025-09-19T11:10:41-03:30"`, `"+0009007199254740992"`} {
		for k := Int64; k <= Date; k++ {
			given := []byte(raw)
			appendValue(NewVector(k), given, scalar)
			if string(given) != raw {
				t.Errorf("%v: %s became %s", k, raw, given)
			}
		}
	}
}

// Empty text in a column of numbers, dates, times or flags is null, whether its type was known to the decoder or only
// when all scans were done.
func TestEmptyTextIsNull(t *testing.T) {
	record := `[{"id":"1","sent":"","opens_count":" ","open_rate":"","created_at":"","email":"","fields":{"age":"","born":" ","name":""}}]`
	p := decodeAs(t, Lookup("subscriber"), record)
	l, _ := Fix(Lookup("subscriber"), nil, pathsOf(p), map[string]Kind{"age": Double, "born": Date, "name": String})
	out, rescued := convert(l, p.Rows)
	got := fmt.Sprint(rescued)
	for _, name := range []string{"sent", "opens_count", "open_rate", "created_at", "fields_age", "fields_born", "email", "fields_name", Rescued} {
		got += " " + show(out.Vector(name), 0)
	}
	if want := `0 null null null null null null "" "" null`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Numbers are written with an exponent only where plain digits would be lost among zeros.
func TestAppendFloat(t *testing.T) {
	for want, x := range map[string]float64{"1e-07": 1e-7, "-1e-07": -1e-7, "0.000001": 1e-6, "-0.000001": -1e-6, "9.999999e-07": 9.999999e-7,
		"999999999999999900000": 999999999999999900000, "1e+21": 1e21, "-1e+21": -1e21, "0": 0, "-0": math.Copysign(0, -1)} {
		if got := string(appendFloat(nil, x)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Every day of the years around today, and the days around each leap day, are read and written as package time does.
func TestDays(t *testing.T) {
	for year := range 10_000 {
		day := time.Date(year, 2, 27, 0, 0, 0, 0, time.UTC)
		last := day.AddDate(0, 0, 4)
		if year >= 1890 && year < 2110 {
			day, last = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
		}
		for ; !day.After(last); day = day.AddDate(0, 0, 1) {
			text := day.Format(time.DateOnly)
			got, ok := parseDay([]byte(text))
			if !ok || got*secondsPerDay != day.Unix() || string(appendDate(nil, got)) != text {
				t.Fatalf("%s: got %d, %v, want %d", text, got, ok, day.Unix()/secondsPerDay)
			}
		}
	}
	for month := 1; month <= 12; month++ {
		beyond := time.Date(2025, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() + 1
		if text := fmt.Sprintf("2025-%02d-%02d", month, beyond); appendValue(NewVector(Date), []byte(strconv.Quote(text)), scalar) {
			t.Errorf("%s is read", text)
		}
	}
}
