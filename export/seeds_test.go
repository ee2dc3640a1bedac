package export_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
)

// driftSeeds is the environment variable that says how many seeds TestNoWrongDelete runs.
const driftSeeds = "DRIFT_SEEDS"

// roundsPerAccount is how many seeds one account lives through.
const roundsPerAccount = 20

// TestNoWrongDelete lets accounts change at random requests of a run, whose lists drift, repeat, have gaps and doubles.
// A row that is there all the time is never deleted, and a quiet run afterwards makes the dataset equal to the account.
func TestNoWrongDelete(t *testing.T) {
	seeds := 120 / thinned
	if text := os.Getenv(driftSeeds); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	for first := 0; first < seeds; first += roundsPerAccount {
		t.Run(strconv.Itoa(first), func(t *testing.T) {
			t.Parallel()
			x := newTrial(t, oddAccount(uint64(first)))
			x.healthy(t)
			for seed := first; seed < min(seeds, first+roundsPerAccount); seed++ {
				x.round(t, rand.New(rand.NewPCG(uint64(seed), 1)))
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			x.check(t)
		})
	}
}

// oddAccount returns an account that answers in one of the ways that are not known of MailerLite.
func oddAccount(seed uint64) func(*mailerlitetest.Options) {
	return func(o *mailerlitetest.Options) {
		o.Seed, o.Subscribers, o.Groups, o.Campaigns, o.CustomFields = seed, 60, 4, 6, 1
		switch seed / roundsPerAccount % 6 {
		case 1:
			o.IgnoreInclude = true
		case 2:
			o.ActiveOnly = true
		case 3:
			o.BatchStatus = http.StatusNotFound
		case 4:
			o.LegacyNotFound, o.NoAccountHeader = true, true
		}
	}
}

// round makes a disturbed run and a quiet one.
func (x *trial) round(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	before := x.keys(t)
	d := &disturbance{watch: newWatch(x.account), rnd: rnd}
	for range rnd.IntN(8) {
		d.mutate()
	}
	begin := x.existing()
	w := newWatch(x.account)
	d.watch = w
	x.account.OnRequest(func(_ int, r *http.Request) { d.request(r) })
	x.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault { return d.fault(r) })
	report, err := export.Export(context.Background(), x.options(t))
	x.disturb(nil)
	if err != nil {
		t.Error(err)
	} else {
		w.check(t, x.keys(t), report, before, begin)
	}
	if !t.Failed() {
		x.healthy(t)
		x.checkKeys(t)
	}
	if t.Failed() {
		t.Logf("requests and what happened before them: %q", w.log)
	}
}

// keys returns the keys of all tables, and reads no more than them.
func (x *trial) keys(t testing.TB) map[string]map[string]bool {
	t.Helper()
	return keySets(func(table string) map[string]bool {
		keys := map[string]bool{}
		parts, _ := filepath.Glob(filepath.Join(x.dir, table, "*.parquet"))
		for _, name := range parts {
			for _, key := range partKeys(t, name, table) {
				if keys[key] {
					t.Errorf("%s: %s twice", table, key)
				}
				keys[key] = true
			}
		}
		return keys
	})
}

func partKeys(t testing.TB, name, table string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, group := range f.RowGroups() {
		ids := columnTexts(t, group, 0)
		if table == "group_subscriber" {
			for i, id := range columnTexts(t, group, 1) {
				ids[i] += "/" + id
			}
		}
		keys = append(keys, ids...)
	}
	return keys
}

func columnTexts(t testing.TB, group parquet.RowGroup, column int) []string {
	t.Helper()
	values := make([]parquet.Value, group.NumRows())
	pages := group.ColumnChunks()[column].Pages()
	defer pages.Close()
	for n := 0; n < len(values); {
		page, err := pages.ReadPage()
		if err != nil {
			t.Fatal(err)
		}
		read, _ := page.Values().ReadValues(values[n:])
		n += read
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v.ByteArray())
	}
	return texts
}

// disturbance changes an account and its answers at random.
type disturbance struct {
	*watch
	rnd *rand.Rand
}

// request may change the account before a request.
func (d *disturbance) request(r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, r.URL.RequestURI())
	for d.rnd.IntN(4) == 0 {
		d.mutate()
	}
}

// mutate changes the account once.
func (d *disturbance) mutate() {
	a, rnd := d.account, d.rnd
	pick := func(table string) string {
		ids := a.IDs(table)
		if len(ids) == 0 {
			return "0"
		}
		return ids[rnd.IntN(len(ids))]
	}
	sub, group, campaign := pick("subscriber"), pick("group"), pick("campaign")
	what := ""
	switch n := rnd.IntN(24); {
	case n < 3:
		what = "add subscriber " + a.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Groups = []string{group} })
	case n < 5:
		what = fmt.Sprint("delete subscriber ", sub, a.DeleteSubscriber(sub))
	case n < 6:
		ids := a.IDs("subscriber")
		sub = ids[len(ids)-1]
		what = fmt.Sprint("delete newest subscriber ", sub, a.DeleteSubscriber(sub))
	case n < 9:
		status := mailerlitetest.Statuses[rnd.IntN(len(mailerlitetest.Statuses))]
		what = fmt.Sprint("status of ", sub, status, a.SetStatus(sub, status))
	case n < 12:
		what = fmt.Sprint("join ", sub, group, a.Join(sub, group))
	case n < 15:
		what = fmt.Sprint("leave ", sub, group, a.Leave(sub, group))
	case n < 16:
		what = "add group " + a.AddGroup(fmt.Sprint("Group ", rnd.IntN(1000)))
	case n < 17 && len(a.IDs("group")) > 2:
		what = fmt.Sprint("delete group ", group, a.DeleteGroup(group))
	case n < 18:
		what = fmt.Sprint("rename group ", group, a.RenameGroup(group, fmt.Sprint("Group ", rnd.IntN(1000))))
	case n < 19:
		what = "add campaign " + a.AddCampaign("Campaign")
	case n < 20:
		what = fmt.Sprint("delete campaign ", campaign, a.DeleteCampaign(campaign))
	case n < 22:
		what = fmt.Sprint("send campaign ", campaign, a.SendCampaign(campaign))
	case n < 23 && len(a.IDs("field")) < 14:
		what = "add field " + a.AddField(fmt.Sprint("Field ", rnd.IntN(1000)), []string{"text", "number", "date"}[rnd.IntN(3)])
	case len(a.IDs("field")) > 9:
		field := a.IDs("field")[rnd.IntN(len(a.IDs("field"))-8)+8]
		what = fmt.Sprint("delete field ", field, a.DeleteField(field))
	}
	d.note(what)
}

// fault may spoil the answer to a request.
func (d *disturbance) fault(r *http.Request) *mailerlitetest.Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := func(edit func([]string) []string) *mailerlitetest.Fault {
		return &mailerlitetest.Fault{Rewrite: func(b []byte) []byte { return editRows(b, edit) }}
	}
	n, seed := d.rnd.IntN(80), d.rnd.IntN(1000)
	switch {
	case n == 0:
		d.log = append(d.log, "repeated cursor")
		return &mailerlitetest.Fault{RepeatCursor: true}
	case n < 4:
		d.log = append(d.log, "empty page")
		d.gaps = d.gaps || !list("/subscribers")(r)
		return &mailerlitetest.Fault{EmptyPage: true}
	case n < 7 && !lookups(r):
		d.log = append(d.log, "gap")
		d.gaps = true
		return rows(func(rows []string) []string {
			if len(rows) == 0 {
				return rows
			}
			return slices.Delete(rows, seed%len(rows), seed%len(rows)+1)
		})
	case n < 10:
		d.log = append(d.log, "doubles")
		return rows(func(rows []string) []string { return slices.Concat(rows, rows[:len(rows)/2]) })
	case n < 12:
		d.log = append(d.log, "out of order")
		return rows(func(rows []string) []string {
			rand.New(rand.NewPCG(uint64(seed), 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			return rows
		})
	case n < 16 && counts(r):
		d.log = append(d.log, "counted too low")
		d.gaps = true
		return &mailerlitetest.Fault{Rewrite: func(b []byte) []byte { return countDigits.ReplaceAll(b, []byte("0")) }}
	}
	return nil
}

var countDigits = regexp.MustCompile(`\d+`)
