package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything returns the rows of every table.
func everything(t *testing.T, a *Account) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range Tables {
		all[table] = truth(t, a, table)
	}
	return all
}

// TestDeterminism checks that an account depends on its options alone.
func TestDeterminism(t *testing.T) {
	for _, o := range []Options{small(), Demo(0), {}, {Seed: 3, Subscribers: 40}} {
		o.Day = 12
		straight := everything(t, New(o))
		o.Day = 0
		a := New(o)
		a.Advance(5)
		a.Advance(7)
		if diff := cmp.Diff(everything(t, a), straight); diff != "" {
			t.Errorf("%d subscribers: 12 days differ from 5 and 7: %.800s", o.Subscribers, diff)
		}
		if a.Day() != 12 {
			t.Errorf("got day %d, want 12", a.Day())
		}
		o.Seed++
		if o.Subscribers > 0 && everything(t, New(o))["subscriber"] == straight["subscriber"] {
			t.Errorf("%d subscribers: another seed gives the same account", o.Subscribers)
		}
	}
}

// change counts the rows of a table that differ between two states. stale are
// changed rows with the same updated_at.
type change struct{ added, changed, deleted, stale int }

// compareRows compares two states of a table.
func compareRows(t *testing.T, before, after string) change {
	t.Helper()
	return compareStates(rowsByKey(t, before), rowsByKey(t, after))
}

// compareStates compares two states of a table, as rows by id.
func compareStates(old, now map[string]string) change {
	var c change
	for key, row := range now {
		was, ok := old[key]
		switch {
		case !ok:
			c.added++
		case was != row:
			c.changed++
			if updatedAt(was) == updatedAt(row) {
				c.stale++
			}
		}
	}
	for key := range old {
		if _, ok := now[key]; !ok {
			c.deleted++
		}
	}
	return c
}

// rowsByID returns the rows of tables by their ids, which must be distinct.
func rowsByID(t *testing.T, a *Account, tables ...string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, table := range tables {
		ids, rows := a.IDs(table), map[string]string{}
		for line := range strings.Lines(truth(t, a, table)) {
			rows[ids[len(rows)]] = line
		}
		if len(rows) != len(ids) {
			t.Fatalf("%s: %d ids, %d distinct ones with rows", table, len(ids), len(rows))
		}
		all[table] = rows
	}
	return all
}

func rowsByKey(t *testing.T, ndjson string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for line := range strings.Lines(ndjson) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("decode %.200s: %v", line, err)
		}
		key := fmt.Sprint(row["id"])
		for _, parent := range []string{"group_id", "segment_id", "form_id", "subscriber_id", "shop_id", "order_id", "cart_id", "category_id", "product_id"} {
			key += fmt.Sprint("/", row[parent])
		}
		if _, twice := rows[key]; twice {
			t.Fatalf("key %s twice", key)
		}
		rows[key] = line
	}
	return rows
}

func updatedAt(row string) string {
	_, rest, _ := strings.Cut(row, `"updated_at":"`)
	at, _, _ := strings.Cut(rest, `"`)
	return at
}

// TestDay checks what the demo relies on: by day 2 there is a change of every
// kind, and no day deletes a fifth of a table.
func TestDay(t *testing.T) {
	a := New(Demo(0))
	first := everything(t, a)
	before := rowsByID(t, a, Tables...)
	for day := 1; day <= 12; day++ {
		a.Advance(1)
		after := rowsByID(t, a, Tables...)
		for _, table := range Tables {
			c := compareStates(before[table], after[table])
			if rows := len(before[table]); c.deleted*5 >= rows {
				t.Errorf("day %d: %d of %d rows of %s deleted", day, c.deleted, rows, table)
			}
			if table == "subscriber" && (c.added == 0 || c.changed == 0 || c.deleted == 0 || c.stale == 0) {
				t.Errorf("day %d: got %+v, want some of each", day, c)
			}
		}
		if day == 2 {
			checkDemo(t, first, everything(t, a))
		}
		before = after
	}
	if c := compareRows(t, first["group"], truth(t, a, "group")); c.deleted == 0 || c.added == 0 {
		t.Errorf("groups after 12 days: got %+v, want new and deleted ones", c)
	}
}

func checkDemo(t *testing.T, before, after map[string]string) {
	t.Helper()
	fields := compareRows(t, before["field"], after["field"])
	if fields != (change{added: 1}) {
		t.Errorf("fields: got %+v, want a new one", fields)
	}
	if members := compareRows(t, before["group_subscriber"], after["group_subscriber"]); members.added == 0 || members.deleted == 0 {
		t.Errorf("memberships: got %+v, want some gained and lost", members)
	}
	if strings.Count(after["campaign"], `"status":"sent"`) <= strings.Count(before["campaign"], `"status":"sent"`) {
		t.Error("no campaign was sent")
	}
	if !strings.Contains(after["group"], " (2)\"") {
		t.Error("no group was renamed on day 2")
	}
	for _, status := range []string{"unsubscribed", "bounced"} {
		if n := strings.Count(after["subscriber"], `"status":"`+status); n <= strings.Count(before["subscriber"], `"status":"`+status) {
			t.Errorf("%d are %s, no more than before", n, status)
		}
	}
}

func TestIDs(t *testing.T) {
	a := New(Demo(0))
	lengths := map[int]int{}
	ids := a.IDs("subscriber")
	for i, id := range ids {
		lengths[len(id)]++
		if i > 0 && parseID(ids[i-1]) >= parseID(id) {
			t.Fatalf("ids do not grow: %s, %s", ids[i-1], id)
		}
	}
	for n := 14; n <= 18; n++ {
		if lengths[n] == 0 {
			t.Errorf("no id of %d digits: %v", n, lengths)
		}
	}
	if len(lengths) != 5 {
		t.Errorf("got lengths %v, want 14 to 18", lengths)
	}
	if shared := slices.Contains(ids, a.IDs("group")[0]); shared {
		t.Error("a group has a subscriber's id")
	}
	last := parseID(ids[len(ids)-1])
	a.Advance(1)
	for _, id := range a.IDs("subscriber") {
		if !slices.Contains(ids, id) && parseID(id) < last {
			t.Errorf("new id %s below old ones", id)
		}
	}
}

// TestVariety checks that the demo account has the API's odd values.
func TestVariety(t *testing.T) {
	all := everything(t, New(Demo(0)))
	for table, wants := range map[string][]string{
		"subscriber": {
			`"open_rate":0,`, `"open_rate":100,`, `"unsubscribed_at":null`, `"unsubscribed_at":"2`, `"subscribed_at":null`,
			`"optin_ip":""`, `"optin_ip":"10.`, `"optin_ip":null`, `"ip_address":"2001:`, `"opted_in_at":"2`, `<script`, `\ud8`, `\u0000`, `""`,
			`"status":"junk"`, `"source":"subscribe app"`, `"groesse":-0.4`, `"groesse":0}`, `o'brien`,
		},
		"campaign": {
			`"settings":[]`, `"track_opens":"1"`, `"track_opens":true`, `"missing_data":["content"]`, `"subject":null`, `"stopped_at":"2`,
			`"type":"ab"`, `"type":"resend"`, `"ab_type":"winner"`, `"language_id":null`, `"direction":"rtl"`, `.000000Z"`, `"all_active_subscribers":true`,
			`"included_groups":[{"id":1`, `"string":"100%"`, `"preheader":null`,
		},
		"group": {`"open_rate":{"float":0,"string":"0%"}`, `\u30a4`},
		"field": {`"id":"1"`, `"type":"number"`, `"type":"date"`, `"is_default":false`},
	} {
		for _, want := range wants {
			if !strings.Contains(all[table], want) {
				t.Errorf("%s: no %s", table, want)
			}
		}
	}
}

func TestCustomFieldsBeyondTheList(t *testing.T) {
	o := Options{Subscribers: 3, CustomFields: 10_000}
	a := New(o)
	if got := len(a.IDs("field")); got != 10_008 {
		t.Fatalf("got %d fields, want 10008", got)
	}
	keys := map[string]bool{}
	for _, f := range a.fields {
		if keys[f.key] {
			t.Fatalf("key %s twice", f.key)
		}
		keys[f.key] = true
	}
	if got := len(get(t, a, "/subscribers").rows()[0]["fields"].(map[string]any)); got != 10_008 {
		t.Errorf("got %d fields in a row, want 10008", got)
	}
}

// TestNextID checks that ids grow even if time does not, and that the id of a
// deleted row is not used again.
func TestNextID(t *testing.T) {
	a := New(small())
	last := a.last.subscriber
	for _, at := range []stamp{a.clock, a.clock, a.clock - 1, idEpoch} {
		before := last
		if id := a.nextID(&last, at); id <= before {
			t.Errorf("at %d: got id %d after %d", at, id, before)
		}
	}
	gone := a.AddSubscriber()
	a.DeleteSubscriber(gone)
	if id := a.AddSubscriber(); parseID(id) <= parseID(gone) {
		t.Errorf("got id %s after the deleted %s", id, gone)
	}
}
