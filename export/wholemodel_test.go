package export_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/schema/tables"
)

// wholeSeeds is the environment variable that says how many accounts TestWholeModel takes through their days:
//
//	WHOLE_SEEDS=500 go test ./export -run WholeModel -timeout 2h
const wholeSeeds = "WHOLE_SEEDS"

// smallWhole makes an account small, with small pages, so that a run has many requests of few rows.
func smallWhole(o *mailerlitetest.Options) {
	o.Subscribers, o.Groups, o.Campaigns, o.CustomFields, o.Recipients = 60, 4, 6, 3, 20
	o.Segments, o.Forms, o.Webhooks, o.Imports, o.Shops, o.Products, o.Orders, o.Automations = 2, 3, 2, 2, 2, 4, 6, 3
	o.ClampLimit = true
	o.Limits = map[string]mailerlitetest.Limit{}
	for _, path := range []string{"/subscribers", "/campaigns", "/campaigns/{id}/reports/subscriber-activity", "/automations/{id}/activity"} {
		o.Limits[path] = mailerlitetest.Limit{Default: 7, Max: 7}
	}
}

// TestWholeModel takes accounts through random days and runs that are stopped, fail, plan, leave tables out, or meet with an
// account that changes meanwhile. Whatever happened, a run that succeeds, and resumes nothing, leaves the account's rows.
func TestWholeModel(t *testing.T) {
	seeds := max(1, 4/thinned)
	if n, err := strconv.Atoi(os.Getenv(wholeSeeds)); err == nil {
		seeds = n
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, func(o *mailerlitetest.Options) { smallWhole(o); o.Seed = seed })
			f := &follower{}
			for run := range 10 {
				w.mutator.some(w.mutator.rng.IntN(12))
				if w.someRun(t); run%3 == 0 {
					f.follow(t, w.dir)
				}
			}
			w.settle(t)
			f.follow(t, w.dir)
			w.checkSecrets(t, "")
			if t.Failed() {
				t.Logf("what happened: %s", strings.Join(w.log, "; "))
			}
		})
	}
}

// some makes some random changes.
func (m *mutator) some(n int) {
	if m.rng.IntN(8) == 0 {
		m.Advance(1)
		m.note("a day")
	}
	for range n {
		if x := mutations[m.rng.IntN(len(mutations))]; m.mutate(x) {
			m.note(x.name)
		}
	}
}

// someRun makes a run that may go wrong. Its outcome does not matter.
func (w *wholeLake) someRun(t testing.TB) {
	rng := w.mutator.rng
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop, changes := -1, rng.IntN(3) == 0
	if rng.IntN(2) == 0 {
		stop = 1 + rng.IntN(300)
	}
	w.account.Faults(w.someFault(rng))
	defer w.account.Faults(nil)
	w.note(fmt.Sprintf("begin: stop %d, changes %t", stop, changes))
	run := w.chooseRun(t, rng)
	over := false // a batch of a run that was stopped may still be on its way
	w.account.OnRequest(func(n int, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if over {
			return
		}
		if stop--; stop == 0 {
			cancel()
		}
		if changes && rng.IntN(20) == 0 {
			w.mutator.some(1)
		}
	})
	defer w.account.OnRequest(nil)
	outcome := run(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	over = true
	w.note(outcome)
}

// chooseRun returns a kind of run, which says how it ended.
func (w *wholeLake) chooseRun(t testing.TB, rng *rand.Rand) func(context.Context) string {
	o := w.options(t)
	history := rng.IntN(2) == 0
	o.History = &history
	switch rng.IntN(8) {
	case 0:
		commit := rng.IntN(2) == 0
		return func(ctx context.Context) string {
			_, err := export.Plan(ctx, o)
			if err != nil || !commit {
				return fmt.Sprintf("plan: %v", err)
			}
			_, err = export.ExportPlanned(context.Background(), o)
			return fmt.Sprintf("plan, committed: %v", err)
		}
	case 1, 2:
		for _, table := range mailerlitetest.Tables {
			if rng.IntN(3) == 0 {
				o.Tables = append(o.Tables, table)
			}
		}
	case 3:
		o.Full = true
	}
	return func(ctx context.Context) string {
		r, err := export.Export(ctx, o)
		return fmt.Sprintf("run %v, full %t: %v %v", o.Tables, o.Full, err, r != nil && r.Failed())
	}
}

// note keeps what happened, for a test that fails.
func (w *wholeLake) note(what string) { w.log = append(w.log, what) }

// someFault returns a kind of fault for a run.
func (w *wholeLake) someFault(rng *rand.Rand) func(int, *http.Request) *mailerlitetest.Fault {
	salt, code := rng.Uint32(), []int{403, 404, 422}[rng.IntN(3)]
	share := func(r *http.Request, of uint32) bool { // by path, so that it lasts as long as the run
		h := fnv.New32()
		fmt.Fprint(h, salt, r.URL.Path)
		return h.Sum32()%of == 0
	}
	kind := rng.IntN(6)
	w.note(fmt.Sprint("fault ", kind, " ", code))
	return func(n int, r *http.Request) *mailerlitetest.Fault {
		list := r.URL.Path != "/api/account" && r.URL.Path != "/api/batch"
		switch {
		case kind == 0 && list && share(r, 30):
			return &mailerlitetest.Fault{Status: 500}
		case kind == 1 && n%97 == int(salt%97):
			return &mailerlitetest.Fault{Status: 503}
		case kind == 2 && list && share(r, 10):
			return &mailerlitetest.Fault{Status: code}
		case kind == 3 && n%53 == int(salt%53):
			return &mailerlitetest.Fault{Reset: true}
		}
		return nil
	}
}

// settle makes runs until one succeeds that resumes nothing, and requires that the dataset then equals the account.
func (w *wholeLake) settle(t testing.TB) {
	t.Helper()
	resumed := func(t export.TableReport) bool { return t.Resumed }
	for range 2 { // what is resumed is as of an earlier time, and may withhold deletes
		r, err := export.Export(context.Background(), w.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(r.Tables, resumed) && !r.Failed() {
			break
		}
	}
	w.export(t)
	w.check(t)
	if r := w.export(t); !r.Empty() || r.Failed() {
		t.Errorf("an unchanged account changes the dataset: %+v", r.Tables)
	}
	v, err := export.Verify(context.Background(), disk.OS(false), w.dir, tables.All())
	if err != nil || v.Damaged() {
		t.Errorf("verify: %v, %+v", err, v)
	}
}

// TestWholeKilled kills a run of the whole account, which commits twice, at some of its file operations; every other time the
// power is lost as well. The next runs bring the dataset to the account.
func TestWholeKilled(t *testing.T) {
	t.Parallel()
	w := newWhole(t, smallWhole)
	w.export(t)
	stored, loaded := readFiles(t, w.dir), &follower{}
	loaded.follow(t, w.dir)
	w.mutator.some(30)
	runAt := func(t *testing.T, n int) (fsys *faultfs.FS, ops int) {
		w.dir = filepath.Join(t.TempDir(), "lake")
		for path, data := range stored {
			writeFile(t, w.dir, path, data)
		}
		fsys, err := faultfs.New(w.dir)
		if err != nil {
			t.Fatal(err)
		}
		fsys.ChangesOnly = true
		if n > 0 {
			fsys.KillAt(n)
		}
		o := w.options(t)
		o.FS = fsys
		_, err = export.Export(context.Background(), o)
		if killed := fsys.Killed(); killed != (n > 0) || !killed && err != nil {
			t.Fatalf("killed %t: %v", killed, err)
		}
		ops = len(fsys.Ops())
		fsys.Restart()
		return fsys, ops
	}
	_, ops := runAt(t, 0)
	for n := 1; n < ops; n += stride(ops, 6) {
		t.Run(fmt.Sprint("op", n), func(t *testing.T) {
			fsys, _ := runAt(t, n)
			if n%2 == 0 {
				if err := fsys.PowerLoss(uint64(n)); err != nil {
					t.Fatal(err)
				}
			}
			w.settle(t)
			loaded.clone().follow(t, w.dir)
			for path := range readFiles(t, w.dir) {
				if strings.HasPrefix(path, ".mailerlake/") {
					t.Errorf("%s is left over", path)
				}
			}
		})
	}
}
