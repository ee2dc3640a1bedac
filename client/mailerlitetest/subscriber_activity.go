package mailerlitetest

import (
	"slices"
	"strconv"
)

// logNames are the values of filter[log_name]. Logs have others besides.
var logNames = []string{"campaign_send", "automation_email_sent", "email_open", "link_click", "email_bounce", "spam_complaint",
	"unsubscribed", "email_forward", "marketing_preferences_change", "preference_center"}

// logEntry is a row of a subscriber's activity log.
type logEntry struct {
	name string
	id   int // short, and shared by entries of other names and other subscribers
	at   stamp
	n    int // which campaign or group it is about; 0: none
}

// activityLog returns the log of a subscriber, which follows from the id, the
// status, the counters and the times. It changes only if sent, opens_count,
// clicks_count or updated_at of the row do, unless a test has set a status or a
// time behind their back. Few have more than ten entries; one in five hundred has
// more than a hundred.
func activityLog(s *subscriber) []logEntry {
	draw := mix(s.id)
	id := 1000 + int(draw%90_000)
	log := []logEntry{{"activated", id + 1, s.created, 0}}
	if draw>>20%3 > 0 {
		log = append(log, logEntry{"added_to_group", id + 2, s.created + 1, 1 + int(draw>>24%97)})
	}
	if s.status == bounced {
		log = append(log, logEntry{"email_bounce", id + 3, s.created + 7200, 1})
	}
	if s.unsubscribed != 0 {
		log = append(log, logEntry{"unsubscribed", id + 3, s.unsubscribed, 0})
	}
	many := func(name string, n int) {
		for i := range n {
			log = append(log, logEntry{name, id + 10 + i, s.created + stamp(3600*(i+1)), i + 1})
		}
	}
	sends := noted(s.sent)
	if draw%500 == 0 {
		sends = 100 + int(s.sent)
	}
	many("campaign_send", sends)
	many("email_open", noted(s.opens))
	many("link_click", noted(s.clicks))
	return log
}

// noted returns how many of n events a log keeps.
func noted(n uint32) int { return int(min(n, 2) + n/100) }

func (a *Account) listSubscriberActivity(b []byte, q query, id string) (int, []byte) {
	s := a.find(parseID(id))
	if s == nil {
		return a.notFound(b, `Subscriber\Subscriber`, id)
	}
	log := activityLog(s)
	if name := q.params.Get("filter[log_name]"); name != "" {
		if !slices.Contains(logNames, name) {
			return a.refuse(b, "filter.log_name", "The selected filter.log_name is invalid.")
		}
		log = slices.DeleteFunc(log, func(e logEntry) bool { return e.name != name })
	}
	return a.pageSpan(b, q, span{
		path: "subscribers/" + id + "/activity-log", rule: "/subscribers/{id}/activity-log", bare: a.opt.BareActivityLog,
		total: len(log), row: func(b []byte, i int) []byte { return a.appendLogEntry(b, s, log[i]) },
	})
}

func (a *Account) appendLogEntry(b []byte, s *subscriber, e logEntry) []byte {
	b = append(strconv.AppendInt(append(b, `{"id":"`...), int64(e.id), 10), `","log_name":`...)
	b = append(a.appendText(b, e.name), `,"subject_id":`...)
	if e.name == "email_open" {
		b = append(appendID(b, uint64(e.id)), `,"subject_type":"opens"`...)
	} else {
		b = append(appendID(b, s.id), `,"subject_type":"subscribers"`...)
	}
	b = a.appendProperties(append(b, `,"properties":`...), e)
	b = appendStamp(append(b, `,"created_at":`...), e.at)
	b = appendStamp(append(b, `,"updated_at":`...), e.at)
	return append(b, '}')
}

// appendProperties appends what a log remembers of a group or campaign as it was,
// whatever has become of it.
func (a *Account) appendProperties(b []byte, e logEntry) []byte {
	switch {
	case e.n == 0:
		return append(b, "[]"...) // PHP's empty map
	case e.name == "added_to_group":
		b = a.appendText(append(b, `{"group_name":`...), groupNames[e.n%len(groupNames)])
		b = appendID(append(b, `,"group_id":`...), uint64(e.n))
		return append(b, '}')
	}
	campaign := strconv.Itoa(100_000 + e.n)
	b = a.appendText(append(b, `{"type":"campaigns","campaign_id":`...), campaign)
	b = a.appendText(append(b, `,"campaign_name":`...), campaignNames[e.n%len(campaignNames)])
	b = a.appendText(append(b, `,"preview_url":`...), "https://preview.mailerlite.io/preview/"+a.opt.AccountID+"/emails/"+campaign)
	if e.name == "link_click" {
		b = a.appendText(append(b, `,"url":`...), "https://example.com/offer?n="+strconv.Itoa(e.n))
	}
	return append(b, '}')
}

// eachSubscriberActivity calls f for each entry of each log.
func (a *Account) eachSubscriberActivity(f rowFunc) {
	for _, s := range a.subs {
		for _, e := range activityLog(s) {
			row := func(b []byte) []byte {
				return appendKeyed(b, "subscriber_id", s.id, func(b []byte) []byte { return a.appendLogEntry(b, s, e) })
			}
			if !f(digits(s.id)+"/"+e.name+"/"+strconv.Itoa(e.id), row) {
				return
			}
		}
	}
}
