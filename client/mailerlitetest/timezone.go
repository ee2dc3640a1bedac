package mailerlitetest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// zoneGroup are zones whose clocks show the same time all year.
type zoneGroup struct {
	saving saving
	offset int    // of standard time, minutes east of UTC
	names  string // separated by spaces
}

// saving is a rule of daylight saving time, which adds an hour.
type saving uint8

const (
	noSaving       saving = iota
	europeanSaving        // from the last Sunday of March, 01:00 UTC, to that of October
	americanSaving        // from the second Sunday of March, 02:00 by the clock, to the first of November
)

// timezone is a row of the list of time zones. Its offset is that of a time.
type timezone struct {
	id     int
	name   string
	saving saving
	offset int // of standard time
}

// timezones are all zones by name; the ids count from 1.
var timezones = func() []*timezone {
	var all []*timezone
	for _, g := range zoneGroups {
		for _, name := range strings.Fields(g.names) {
			all = append(all, &timezone{name: name, saving: g.saving, offset: g.offset})
		}
	}
	slices.SortFunc(all, func(x, y *timezone) int { return strings.Compare(x.name, y.name) })
	for i, z := range all {
		z.id = i + 1
	}
	return all
}()

// offsetAt returns the minutes east of UTC at a time.
func (z *timezone) offsetAt(at stamp) int {
	if z.saving.appliesAt(at, z.offset) {
		return z.offset + 60
	}
	return z.offset
}

// appliesAt says whether the clocks of a zone are an hour ahead of its standard time.
func (s saving) appliesAt(at stamp, offset int) bool {
	year := at.time().Year()
	switch s {
	case europeanSaving:
		begin, end := sunday(year, time.March, 25), sunday(year, time.October, 25)
		return at >= begin+3600 && at < end+3600
	case americanSaving: // 02:00 of daylight saving time is 01:00 of standard time
		begin, end := sunday(year, time.March, 8), sunday(year, time.November, 1)
		local := int64(at) + int64(offset)*60
		return local >= int64(begin)+2*3600 && local < int64(end)+3600
	}
	return false
}

// sunday returns the midnight, UTC, of the first Sunday on or after a day.
func sunday(year int, month time.Month, day int) stamp {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return stampOf(t.AddDate(0, 0, (7-int(t.Weekday()))%7))
}

// offsetName spells an offset as +02:00.
func offsetName(minutes int) string {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return string(append2(append(append2([]byte{sign}, minutes/60), ':'), minutes%60))
}

// Like MailerLite's, the rows follow daylight saving time at the account's clock.
var timezoneAttributes = declare(
	textAttribute("id", func(z *timezone) string { return strconv.Itoa(z.id) }),
	textAttribute("name", func(z *timezone) string { return z.name }),
	attribute[*timezone]{name: "name_for_humans", append: func(b []byte, a *Account, z *timezone, _ view) []byte {
		return a.appendText(b, strings.ReplaceAll(z.name, "_", " ")+" ("+offsetName(z.offsetAt(a.clock))+")")
	}},
	attribute[*timezone]{name: "offset_name", append: func(b []byte, a *Account, z *timezone, _ view) []byte {
		return a.appendText(b, offsetName(z.offsetAt(a.clock)))
	}},
	attribute[*timezone]{name: "offset", append: func(b []byte, a *Account, z *timezone, _ view) []byte {
		return strconv.AppendInt(b, int64(z.offsetAt(a.clock)), 10)
	}},
)

func (a *Account) listTimezones(b []byte, _ query, _ string) (int, []byte) {
	return unpaged(a, b, timezoneAttributes, timezones)
}

// unpaged appends a list that has no pages and nothing beside its rows.
func unpaged[T any](a *Account, b []byte, attributes []attribute[T], rows []T) (int, []byte) {
	b = append(b, `{"data":[`...)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRow(b, a, attributes, r, nil, view{})
	}
	return 200, append(b, `]}`...)
}
