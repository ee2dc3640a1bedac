package mailerlitetest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTimezones compares the rules of daylight saving time with those of package
// time, on both sides of each change of the clocks.
func TestTimezones(t *testing.T) {
	days := []time.Time{}
	for year := 2025; year < 2029; year++ {
		for _, s := range []string{"03-08", "03-09", "03-10", "03-25", "03-28", "03-29", "03-30", "07-01", "10-25", "10-26", "10-27", "11-01", "11-02", "11-03", "12-31"} {
			day, err := time.Parse("2006-01-02", fmt.Sprintf("%d-%s", year, s))
			if err != nil {
				t.Fatal(err)
			}
			days = append(days, day)
		}
	}
	for _, name := range []string{"Europe/Vilnius", "Europe/London", "Atlantic/Azores", "America/New_York", "America/Los_Angeles", "America/St_Johns", "Asia/Kolkata", "UTC"} {
		place, err := time.LoadLocation(name)
		if err != nil {
			t.Skipf("no time zones on this machine: %v", err)
		}
		var zone *timezone
		for _, z := range timezones {
			if z.name == name {
				zone = z
			}
		}
		if zone == nil {
			t.Errorf("no zone %s", name)
			continue
		}
		for _, day := range days {
			for hour := range 24 {
				at := day.Add(time.Duration(hour) * time.Hour)
				_, seconds := at.In(place).Zone()
				if got := zone.offsetAt(stampOf(at)); got != seconds/60 {
					t.Errorf("%s at %s: got %d minutes, want %d", name, at, got, seconds/60)
				}
			}
		}
	}
}

// TestTimezoneRows checks that the rows follow the account's clock.
func TestTimezoneRows(t *testing.T) {
	a := New(Options{})
	vilnius := func() string {
		for line := range strings.Lines(truth(t, a, "timezone")) {
			if strings.Contains(line, `Vilnius`) {
				return line[strings.Index(line, `,`):]
			}
		}
		return ""
	}
	if got, want := vilnius(), `,"name":"Europe\/Vilnius","name_for_humans":"Europe\/Vilnius (+02:00)","offset_name":"+02:00","offset":120}`+"\n"; got != want {
		t.Errorf("in winter: got %s, want %s", got, want)
	}
	before := truth(t, a, "timezone")
	a.Advance(5)
	if truth(t, a, "timezone") != before {
		t.Error("rows changed without a change of the clocks")
	}
	a.Advance(25)
	if got := vilnius(); !strings.Contains(got, `(+03:00)","offset_name":"+03:00","offset":180}`) {
		t.Errorf("in summer: got %s", got)
	}
	if g := get(t, a, "/timezones"); len(g.rows()) < 300 || len(g.body) != 1 {
		t.Errorf("got %d rows and %d members, want all zones and nothing else", len(g.rows()), len(g.body))
	}
	for _, z := range timezones {
		if name := offsetName(z.offset); len(name) != 6 {
			t.Errorf("%s: got offset %s", z.name, name)
		}
	}
}

// TestLanguages checks that every language of a campaign is in the list.
func TestLanguages(t *testing.T) {
	ids := map[int]*language{}
	for _, l := range allLanguages {
		if ids[l.id] != nil {
			t.Errorf("id %d twice", l.id)
		}
		ids[l.id] = l
	}
	for _, l := range campaignLanguages {
		if ids[l.id] == nil || *ids[l.id] != *l {
			t.Errorf("campaigns have the language %v, the list %v", l, ids[l.id])
		}
	}
}
