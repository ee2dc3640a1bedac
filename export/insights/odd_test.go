package insights_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/insights"
	"mailerlake/schema"
)

// absences returns why the sections of a report have no figures, by their names.
func absences(r *insights.Report) map[string]string {
	absent := map[string]string{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if s := v.Field(i); s.Kind() == reflect.Struct && s.FieldByName("Absent").IsValid() {
			if why := s.FieldByName("Absent").String(); why != "" {
				absent[v.Type().Field(i).Name] = why
			}
		}
	}
	return absent
}

// putAll puts all tables with so many rows, all of them null but for the key.
func (l *lake) putAll(rows int) {
	for _, table := range allTables {
		l.put(table.name, table.key, table.columns, rows, func(row int) []any {
			values := make([]any, len(table.columns))
			for i := range table.key {
				values[i] = fmt.Sprintf("1%03d", row)
			}
			return values
		})
	}
}

// TestOddDatasets checks that datasets without rows, values or tables give a report.
func TestOddDatasets(t *testing.T) {
	t.Run("no rows", func(t *testing.T) {
		l := newLake(t)
		l.putAll(0)
		r := l.read()
		if absent := absences(r); len(absent) == 0 || r.Subscribers.Audience.Subscribers != 0 || absent["Revenue"] != "The account has no shops." {
			t.Errorf("got %+v, absent %v", r.Subscribers, absent)
		}
	})
	for _, rows := range []int{1, 300} {
		t.Run(fmt.Sprint(rows, " rows of nulls"), func(t *testing.T) {
			l := newLake(t)
			l.putAll(rows)
			r := l.read()
			n := int64(rows)
			if r.Subscribers.Audience.Subscribers != n || r.Subscribers.Active != 0 || r.Growth.Undated != n || r.Domains.Others != n || r.Campaigns.Unsent != n ||
				r.Groups.Groups != n || r.Automations.Automations != n || r.Revenue.Pending != n || *r.Groups.Grouped != n {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("no tables", func(t *testing.T) {
		l := newLake(t)
		l.put("timezone", 1, columns(schema.String, "id"), 0, nil)
		r := l.read()
		absent := absences(r)
		if len(absent) != 11 || !strings.Contains(absent["Subscribers"], "table subscriber is not in the dataset") {
			t.Errorf("%d sections are absent: %v", len(absent), absent)
		}
		if r.ReadAt != now || r.AsOf != now {
			t.Errorf("read at %v, as of %v; want %v", r.ReadAt, r.AsOf, now)
		}
	})
}

// TestHiddenColumns checks that a section says so if its column was dropped or hashed, and that the others are as before.
func TestHiddenColumns(t *testing.T) {
	l := newLake(t)
	l.putAll(2)
	l.manifest.Privacy = &dataset.Privacy{Drop: []string{"subscriber.source"}, Hash: []string{"subscriber.email"}, KeyCheck: strings.Repeat("0", 64)}
	l.put("timezone", 1, columns(schema.String, "id"), 0, nil)
	r := l.read()
	absent := absences(r)
	if absent["Sources"] != "The column subscriber.source was left out of the export (--drop)." ||
		absent["Domains"] != "The column subscriber.email was replaced by tokens (--hash)." || absent["Growth"] != "" {
		t.Errorf("absent: %v", absent)
	}
	if got := strings.Join(r.Notes, "\n"); !strings.Contains(got, "Left out of the export: subscriber.source.") || !strings.Contains(got, "tokens instead of values: subscriber.email.") {
		t.Errorf("notes: %s", got)
	}
}

// TestOtherTypes checks that columns of other types than declared, which custom or widened ones may have, count as missing.
func TestOtherTypes(t *testing.T) {
	l := newLake(t)
	l.put("subscriber", 1, columns(schema.String, "id", "email", "status", "sent", "subscribed_at"), 3, func(row int) []any {
		return []any{fmt.Sprintf("1%d", row), "a@b.example", "active", "many", "yesterday"}
	})
	r := l.read()
	if r.Subscribers.Active != 3 || r.Subscribers.Sent != 0 || r.Domains.Top[0].Name != "b.example" || r.Growth.Absent == "" {
		t.Errorf("got %+v, growth %+v", r.Subscribers, r.Growth)
	}
}

// TestRevenue checks the sums of orders by currency and month.
func TestRevenue(t *testing.T) {
	l := newLake(t)
	l.put("shop", 1, shopColumns, 3, func(row int) []any { return []any{fmt.Sprintf("1%d", row), []any{"EUR", "USD", nil}[row]} })
	l.put("order", 2, orderColumns, 7, func(row int) []any {
		return [][]any{{"10", "11", "complete", 10.5, now}, {"10", "12", "complete", 2.25, now.AddDate(0, -2, 0)}, {"10", "13", "pending", 99.0, now},
			{"11", "11", "complete", 5.0, now.AddDate(-20, 0, 0)}, {"12", "11", "complete", 1.0, nil}, {"12", "12", "complete", nil, now}, {"19", "11", "complete", 1.0, now}}[row]
	})
	got := l.read().Revenue
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"shops":3,"pending":1,"currencies":[{"currency":"","orders":3,"total":2,"months":[{"month":"2026-03","orders":2,"total":1}]},` +
		`{"currency":"EUR","orders":2,"total":12.75,"months":[{"month":"2026-01","orders":1,"total":2.25},{"month":"2026-02","orders":0,"total":0},{"month":"2026-03","orders":1,"total":10.5}]},` +
		`{"currency":"USD","orders":1,"total":5,"months":[]}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// TestAutomations checks that rates are those of the rows, and that what is not known is not taken for nothing.
func TestAutomations(t *testing.T) {
	l := newLake(t)
	l.put("automation", 1, automationColumns, 3, func(row int) []any {
		return [][]any{{"11", "A", true, 2, 40, 3, 100, nil, 0.5}, {"12", "B", false, 1, 0, 0, nil, nil, 0.0}, {"13", "C", true, 1, 7, 0, 300, nil, nil}}[row]
	})
	half := 0.5
	want := insights.Automations{Automations: 3, Enabled: 2, Top: []insights.Automation{{ID: "13", Name: "C", Enabled: true, Emails: 1, Completed: 7, Sent: 300},
		{ID: "11", Name: "A", Enabled: true, Emails: 2, Completed: 40, Queued: 3, Sent: 100, OpenRate: &half}, {ID: "12", Name: "B", Emails: 1}}}
	if d := cmp.Diff(want, l.read().Automations); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestNotes checks what is said of tables that are not as they should be.
func TestNotes(t *testing.T) {
	l := newLake(t)
	l.putAll(1)
	state := l.manifest.Table("group").Clone()
	state.Complete, state.Resumed, state.ScanStarted = false, true, now.AddDate(0, 0, -9)
	l.manifest.Put(state)
	l.put("timezone", 1, columns(schema.String, "id"), 0, nil)
	got := strings.Join(l.read().Notes, "\n")
	for _, want := range []string{"The last scan of group was not complete", "The scan of group was interrupted and resumed", "group is older than the rest: it was last read on 2026-03-06.",
		"1 subscribers have no date"} {
		if !strings.Contains(got, want) {
			t.Errorf("the notes lack %q:\n%s", want, got)
		}
	}
}
