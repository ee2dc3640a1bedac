package mailerlitetest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Subscriber holds what a test may set in a subscriber. Times are whole
// seconds; the zero time is null.
type Subscriber struct {
	ID             string // read-only, except in AddSubscriber: "" for the next id
	Email          string
	Status         string // one of Statuses; setting it here leaves the times alone
	Source         string // manual, import, api, webform, subscribe app
	Sent           uint32
	Opens          uint32
	Clicks         uint32
	CreatedAt      time.Time
	UpdatedAt      time.Time
	SubscribedAt   time.Time
	UnsubscribedAt time.Time
	OptedInAt      time.Time
	IPAddress      string            // JSON: `null` or `"10.0.0.1"`
	OptinIP        string            // JSON
	Fields         map[string]string // by key, JSON texts, written as they are
	Groups         []string          // ids
}

// AddSubscriber adds an active subscriber with the next id, lets set change it,
// and returns its id. An id that set chooses must be free.
func (a *Account) AddSubscriber(set ...func(*Subscriber)) string {
	var id string
	a.change(func() {
		at := a.tick()
		s := &subscriber{created: at, updated: at, subscribed: at, source: 2}
		s.id = a.nextID(&a.last.subscriber, at)
		s.email = "new." + strconv.FormatUint(s.id, 36) + "@example.com"
		a.edit(s, set)
		i, taken := slices.BinarySearchFunc(a.subs, s.id, compareSubscriber)
		if taken {
			panic("mailerlitetest: the subscriber id is taken: " + digits(s.id))
		}
		a.subs = slices.Insert(a.subs, i, s)
		a.everyone = append(a.everyone, s)
		a.last.subscriber = max(a.last.subscriber, s.id)
		id = digits(s.id)
	})
	return id
}

// SetSubscriber changes a subscriber. set must not call the account. updated_at
// moves only if set moves it. The result is false if there is no such id.
func (a *Account) SetSubscriber(id string, set func(*Subscriber)) bool {
	return a.onSubscriber(id, func(s *subscriber, _ stamp) { a.edit(s, []func(*Subscriber){set}) })
}

// edit lets functions change the exported form of a subscriber.
func (a *Account) edit(s *subscriber, set []func(*Subscriber)) {
	x := a.export(s)
	for _, f := range set {
		f(&x)
	}
	for _, g := range s.groups {
		a.count(g, s.status, -1)
	}
	if x.ID != digits(s.id) {
		s.id = parseID(x.ID)
	}
	s.email, s.status = x.Email, statusOf(x.Status)
	s.source = uint8(max(0, slices.Index(sources, x.Source)))
	s.sent, s.opens, s.clicks = x.Sent, x.Opens, x.Clicks
	s.created, s.updated = stampOf(x.CreatedAt), stampOf(x.UpdatedAt)
	s.subscribed, s.unsubscribed, s.optedIn = stampOf(x.SubscribedAt), stampOf(x.UnsubscribedAt), stampOf(x.OptedInAt)
	s.ip, s.optinIP = a.values.raw(x.IPAddress), a.values.raw(x.OptinIP)
	a.importFields(s, x.Fields)
	a.importGroups(s, x.Groups)
}

func (a *Account) export(s *subscriber) Subscriber {
	x := Subscriber{
		ID: digits(s.id), Email: s.email, Status: Statuses[s.status], Source: sources[s.source],
		Sent: s.sent, Opens: s.opens, Clicks: s.clicks,
		CreatedAt: s.created.time(), UpdatedAt: s.updated.time(), SubscribedAt: s.subscribed.time(),
		UnsubscribedAt: s.unsubscribed.time(), OptedInAt: s.optedIn.time(),
		IPAddress: string(a.values.append(nil, s.ip, false)), OptinIP: string(a.values.append(nil, s.optinIP, false)),
		Fields: map[string]string{},
	}
	for _, f := range a.fields {
		x.Fields[f.key] = string(a.values.append(nil, s.field(f), false))
	}
	for _, g := range s.groups {
		x.Groups = append(x.Groups, digits(g.id))
	}
	return x
}

func (a *Account) importFields(s *subscriber, fields map[string]string) {
	for _, f := range a.fields {
		raw, ok := fields[f.key]
		if !ok {
			raw = "null"
		}
		if raw != string(a.values.append(nil, s.field(f), false)) {
			s.setField(f, a.values.raw(raw))
		}
	}
}

func (a *Account) importGroups(s *subscriber, ids []string) {
	s.groups = nil
	for _, id := range ids {
		if g := a.findGroup(parseID(id)); g != nil {
			a.join(s, g)
		}
	}
}

// DeleteSubscriber deletes a subscriber and its memberships. Like every method
// here that takes an id, it returns false if there is no such row.
func (a *Account) DeleteSubscriber(id string) bool {
	return a.onSubscriber(id, func(s *subscriber, _ stamp) {
		a.remove(func(o *subscriber) bool { return o == s })
	})
}

// SetStatus gives a subscriber a status, as MailerLite would: updated_at and the
// times of subscribing and unsubscribing are set to match.
func (a *Account) SetStatus(id, status string) bool {
	return a.onSubscriber(id, func(s *subscriber, at stamp) { a.setStatus(s, statusOf(status), at) })
}

// SetField sets a subscriber's field, given by key, to a JSON text, which is
// written as it is, valid or not. It moves updated_at.
func (a *Account) SetField(id, key, rawJSON string) bool {
	found := false
	a.onSubscriber(id, func(s *subscriber, at stamp) {
		if f := a.fieldByKey(key); f != nil {
			s.setField(f, a.values.raw(rawJSON))
			s.updated, found = at, true
		}
	})
	return found
}

// BumpCounters counts one more e-mail that was sent, opened and clicked. It does
// not move updated_at.
func (a *Account) BumpCounters(id string) bool {
	return a.onSubscriber(id, func(s *subscriber, _ stamp) { s.sent, s.opens, s.clicks = s.sent+1, s.opens+1, s.clicks+1 })
}

// Join makes a subscriber a member of a group. The result is also false if it
// already was one.
func (a *Account) Join(subscriberID, groupID string) bool {
	return a.onMembership(subscriberID, groupID, a.join)
}

// Leave ends a membership. The result is also false if there was none.
func (a *Account) Leave(subscriberID, groupID string) bool {
	return a.onMembership(subscriberID, groupID, a.leave)
}

func (a *Account) onMembership(subscriberID, groupID string, do func(*subscriber, *group) bool) bool {
	done := false
	a.onSubscriber(subscriberID, func(s *subscriber, at stamp) {
		if g := a.findGroup(parseID(groupID)); g != nil && do(s, g) {
			s.updated, done = at, true
		}
	})
	return done
}

func (a *Account) onSubscriber(id string, f func(s *subscriber, at stamp)) bool {
	found := false
	a.change(func() {
		if s := a.find(parseID(id)); s != nil {
			f(s, a.tick())
			found = true
		}
	})
	return found
}

// parseID returns 0, which is the id of no row, if id is not a number.
func parseID(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func statusOf(name string) status {
	i := slices.Index(Statuses, name)
	if i < 0 {
		panic(fmt.Sprintf("mailerlitetest: no status %q", name))
	}
	return status(i)
}
