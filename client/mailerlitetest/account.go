// Package mailerlitetest simulates a MailerLite account: an http.Handler and
// an in-process http.RoundTripper over an account held in memory.
//
// The two names you want are [New], which makes an account from [Options],
// and [Account.Transport], which answers requests without a socket. [Demo]
// gives the options of the demo account.
//
// The options alone decide what is in an account: the same seed, sizes and day
// give the same bytes, and New with Day 3 equals New with Day 0 followed by
// Advance(3). An account answers as MailerLite does, quirks included: links that drop
// every parameter but the page, cursors of the id descending, campaigns that
// default to status ready and member lists that default to active, empty
// settings that are an array, segments whose members end only with an empty page,
// webhooks that show their secret. Shops follow the documentation alone, since no
// response of one is recorded. Where MailerLite's behaviour is not known,
// [Options] has a switch; what can go wrong with a request is a [Fault].
//
// What a campaign's recipients, an automation's subscribers and a single
// subscriber have done are lists under the rows of other tables. Most are not
// stored but follow from the row that they are under, and all keep a promise that
// an exporter builds on: a list changes only if a counter of its row does — of a
// campaign in stats; of an automation completed_subscribers_count or
// subscribers_in_queue_count; of a subscriber sent, opens_count, clicks_count or
// updated_at. Recipients and runs stay when their subscriber is deleted; a
// subscriber's own log goes.
//
// The package writes JSON byte by byte, without a library, and imports nothing
// of this module, so that no mistake of a decoder can hide behind the same
// mistake here.
package mailerlitetest

import (
	"net/http"
	"strconv"
	"sync"
)

// Account is a simulated MailerLite account. It is safe for concurrent use:
// a request never sees half of a change.
type Account struct {
	opt   Options
	limit limiter

	mu        sync.RWMutex
	day       int
	clock     stamp                                        // time of the last change
	last      struct{ subscriber, group, campaign uint64 } // greatest ids so far
	lastField int                                          // greatest field id so far
	nextSlot  int                                          // slot of the next field
	values    values
	words     *words        // made when first needed
	subs      []*subscriber // id ascending
	groups    []*group      // id ascending
	fields    []*field      // in the order of a row's "fields" object
	campaigns []*campaign   // id ascending
	dirty     bool          // some group's JSON is out of date

	lists // segments, forms and the other lists beside the subscribers

	everyone       []*subscriber // also the deleted ones, in the order in which they came
	automations    []*automation // id ascending
	lastAutomation uint64        // greatest id so far of automations and of what is in them
	patch          *patch        // of the account's own row

	hooks     sync.Mutex
	requests  int
	perRoute  map[string]int
	onRequest func(n int, r *http.Request)
	faults    func(n int, r *http.Request) *Fault
}

// New makes the account that opt describes, opt.Day days in. A million
// subscribers of 19 custom fields take about a second and 300 MB. Recipients take
// nothing until they are listed by type, and then a few bytes each.
func New(opt Options) *Account {
	opt = opt.withDefaults()
	a := &Account{
		opt:       opt,
		limit:     limiter{perMinute: opt.RatePerMinute, now: opt.Now},
		clock:     stampOf(opt.Start),
		lastField: 900_000,
		values:    values{plain: opt.PlainJSON, index: map[string]value{}},
		perRoute:  map[string]int{},
	}
	a.last.group, a.last.campaign = 1, 2 // so that the tables' ids differ
	newGenerator(a).fill()
	a.fillLists()
	newGeneratorOf(a, "automation").automations()
	a.renderGroups()
	a.Advance(opt.Day)
	return a
}

// Advance lets days pass. What changes on a day depends only on the seed, the
// number of the day and the state of the account before it. Advance does
// nothing if days is zero or less.
func (a *Account) Advance(days int) {
	for range days {
		a.change(func() {
			a.day++
			a.evolve(a.day)
		})
	}
}

// Day returns how many days the account has lived.
func (a *Account) Day() int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.day
}

// change runs f, which may change the account, while nobody reads it.
func (a *Account) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	a.changes++
	a.renderGroups()
}

// renderGroups renders the groups that have changed. They are kept as JSON
// because every subscriber in a group repeats it.
func (a *Account) renderGroups() {
	if !a.dirty {
		return
	}
	for _, g := range a.groups {
		if g.dirty {
			g.json = appendRow(g.json[:0:0], a, groupAttributes, g, g.patch, view{})
			g.dirty = false
		}
	}
	a.dirty = false
}

// tick moves the account's clock forward by a second and returns the new time,
// for a change made by a test.
func (a *Account) tick() stamp {
	a.clock++
	return a.clock
}

// IDs returns the ids of a table's rows, ascending, except for field, which is in
// field order, and campaign_language. The id of a row whose key has several columns
// is the columns with slashes between them, "group id/subscriber id" in
// group_subscriber; see [Account.Truth]. It panics on an unknown table.
func (a *Account) IDs(table string) []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var ids []string
	a.eachRow(table, func(id string, _ func([]byte) []byte) bool {
		ids = append(ids, id)
		return true
	})
	return ids
}

// eachRow calls f for each row of a table with its id and a function that
// appends its JSON, until f returns false.
func (a *Account) eachRow(table string, f func(id string, row func([]byte) []byte) bool) {
	switch table {
	case "subscriber":
		each(a.subs, f, func(s *subscriber) string { return digits(s.id) },
			func(b []byte, s *subscriber) []byte { return a.appendSubscriber(b, s, view{}) })
	case "group":
		each(a.groups, f, func(g *group) string { return digits(g.id) },
			func(b []byte, g *group) []byte { return append(b, g.json...) })
	case "field":
		each(a.fields, f, func(d *field) string { return strconv.Itoa(d.id) },
			func(b []byte, d *field) []byte { return appendRow(b, a, fieldAttributes, d, d.patch, view{}) })
	case "campaign":
		each(a.campaigns, f, func(c *campaign) string { return digits(c.id) },
			func(b []byte, c *campaign) []byte { return appendRow(b, a, campaignAttributes, c, c.patch, view{}) })
	case "group_subscriber":
		a.eachMembership(f)
	case "account":
		f(a.opt.AccountID, a.appendAccount)
	case "campaign_email":
		a.eachEmail(f)
	case "campaign_activity":
		a.eachCampaignActivity(f)
	case "automation", "automation_step", "automation_trigger", "automation_activity":
		a.eachOfAutomations(table, f)
	case "subscriber_activity":
		a.eachSubscriberActivity(f)
	case "subscriber_field":
		a.eachSubscriberField(f)
	default:
		if rows, ok := listRows[table]; ok {
			rows(a, f)
			return
		}
		panic("mailerlitetest: no table " + strconv.Quote(table))
	}
}

func each[T any](rows []T, f func(string, func([]byte) []byte) bool, id func(T) string, row func([]byte, T) []byte) {
	for _, r := range rows {
		if !f(id(r), func(b []byte) []byte { return row(b, r) }) {
			return
		}
	}
}

func (a *Account) eachMembership(f func(id string, row func([]byte) []byte) bool) {
	for _, s := range a.subs {
		for _, g := range s.groups {
			row := func(b []byte) []byte {
				b = append(b, `{"group_id":"`...)
				b = strconv.AppendUint(b, g.id, 10)
				b = append(b, `","subscriber_id":"`...)
				b = strconv.AppendUint(b, s.id, 10)
				return append(b, `"}`...)
			}
			if !f(digits(g.id)+"/"+digits(s.id), row) {
				return
			}
		}
	}
}

// idEpoch is the second from which MailerLite's ids count: milliseconds
// since then, shifted left by 20 bits. An id has 14 digits after three hours and 18
// after three years.
const idEpoch stamp = 1_600_000_000

// nextID returns an id for a row created at a time, greater than every
// earlier one of its table, and stores it in last.
func (a *Account) nextID(last *uint64, at stamp) uint64 {
	noise := mix(*last ^ a.opt.Seed)
	id := (uint64(at-idEpoch)*1000+noise%1000)<<20 | noise>>44
	*last = max(*last+1, id)
	return *last
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func digits(id uint64) string { return strconv.FormatUint(id, 10) }
