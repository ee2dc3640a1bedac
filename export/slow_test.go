package export_test

import (
	"net/http"
	"testing"
	"time"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
)

// TestSlowRun: a second run over an account whose pages take two seconds reads its subscribers in ranges, knows from the
// dataset where they are, and finds all changes.
func TestSlowRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, func(o *mailerlitetest.Options) { o.Subscribers = 400 })
		x.healthy(t)
		x.day(t)
		x.disturb(func(*http.Request) *mailerlitetest.Fault { return &mailerlitetest.Fault{Delay: 2 * time.Second} })
		x.client.Rate = 108
		before, start := x.account.RequestsTo("/subscribers"), time.Now()
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range r.Tables {
			if table.Err != nil || table.Withheld != "" {
				t.Errorf("%s: error %v, %+v", table.Name, table.Err, table.TablePlan)
			}
		}
		x.check(t)
		plain := (len(x.account.IDs("subscriber"))+9)/10 + 1 + 5
		took, requests := time.Since(start), x.account.RequestsTo("/subscribers")-before
		t.Logf("%d requests in %v, plain walks make %d", requests, took, plain)
		if requests > plain+14 || took > time.Duration(plain)*2*time.Second*3/4 { // a batch takes its parts' time here
			t.Errorf("%d requests in %v, plain walks make %d", requests, took, plain)
		}
	})
}
