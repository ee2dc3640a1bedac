package readers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
)

// TestLakeEqualsAccount follows an account for three days, exporting it each day and once more after the last.
func TestLakeEqualsAccount(t *testing.T) {
	l, w := newLake(t, demo(2000)), newWarehouse(t)
	l.export(t)
	l.check(t, w)
	for day := 1; day <= 3; day++ {
		l.account.Advance(1)
		began := time.Now()
		report := l.export(t)
		l.check(t, w)
		l.checkReport(t, w, report)
		l.checkSynced(t, w, report, began)
	}
	before := l.files(t)
	if report := l.export(t); !report.Empty() {
		t.Errorf("export of an unchanged account: %+v, want no changes", report.Tables)
	}
	l.check(t, w)
	if d := cmp.Diff(before, l.files(t), cmp.AllowUnexported(fileState{})); d != "" {
		t.Errorf("export of an unchanged account touched files (-before +after)\n%s", d)
	}
	l.checkOrder(t, w)
	l.checkManifest(t, w)
}

// checkReport compares the reported numbers of rows with those counted in the account's own rows.
func (l *lake) checkReport(t *testing.T, w *warehouse, report *export.Report) {
	t.Helper()
	for _, r := range report.Tables {
		c := l.compare(t, w, r.Name)
		inserted, updated, deleted := c.changes(t, l.rows(r.Name, l.moment-1), l.rows(r.Name, l.moment))
		got, want := [3]int64{r.Inserted, r.Updated, r.Deleted}, [3]int64{inserted, updated, deleted}
		if got != want {
			t.Errorf("%s: reported %v rows inserted, updated and deleted, want %v", r.Name, got, want)
		}
		if rows := w.count(t, "SELECT count(*) FROM "+c.relation); r.Rows != rows {
			t.Errorf("%s: reported %d rows, want %d", r.Name, r.Rows, rows)
		}
	}
}

// checkSynced compares the number of rows whose _synced_at lies in this run with its report.
func (l *lake) checkSynced(t *testing.T, w *warehouse, report *export.Report, began time.Time) {
	t.Helper()
	for _, r := range report.Tables {
		got := w.count(t, "SELECT count(*) FROM "+l.glob(r.Name)+" WHERE _synced_at >= make_timestamptz("+
			microseconds(began)+") AND _synced_at <= make_timestamptz("+microseconds(time.Now())+")")
		if want := r.Inserted + r.Updated; got != want {
			t.Errorf("%s: %d rows were synced in this run, want %d", r.Name, got, want)
		}
	}
}

// TestUnknownBehaviour compares dataset and account under each way in which MailerLite may behave where that is not known.
func TestUnknownBehaviour(t *testing.T) {
	for name, change := range map[string]func(*mailerlitetest.Options){
		"numbers as strings":   func(o *mailerlitetest.Options) { o.NumbersAsStrings = true },
		"groups not included":  func(o *mailerlitetest.Options) { o.IgnoreInclude = true },
		"plain json, gzip":     func(o *mailerlitetest.Options) { o.PlainJSON, o.Gzip = true, true },
		"limits clamped":       func(o *mailerlitetest.Options) { o.ClampLimit = true },
		"batch refused":        func(o *mailerlitetest.Options) { o.BatchStatus = 403 },
		"no custom fields":     func(o *mailerlitetest.Options) { o.CustomFields = 0 },
		"nobody and no groups": func(o *mailerlitetest.Options) { o.Subscribers, o.Groups, o.Campaigns = 0, 0, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			o := demo(300)
			change(&o)
			l, w := newLake(t, o), newWarehouse(t)
			for range 3 {
				l.export(t)
				l.check(t, w)
				l.account.Advance(1)
			}
		})
	}
}
