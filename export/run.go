package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Options steer a run.
type Options struct {
	Client  *client.Client // not needed to commit a planned scan
	FS      disk.FS
	Dir     string // of the dataset
	Program string // name and version, for manifest and files
	// Tables are the tables to export. A table whose rows come inside another's is exported with that one.
	Tables []*schema.Table
	// Restart begins every scan anew.
	Restart bool
	// ResumeWithin is how old a scan may be to be gone on with.
	ResumeWithin time.Duration
	// Repair rebuilds damaged parts from the scan, which is begun anew.
	Repair bool
	// Privacy says what is kept from the disk. It has to be what the dataset was exported with.
	Privacy Privacy
	// Rewrite writes every table anew from a complete scan, so that another Privacy can be taken. It is all or nothing,
	// and for Export alone; a dataset that does not exist is exported as ever.
	Rewrite bool
	// Yes applies deletes even where they are many.
	Yes bool
	// Sizes of row groups and parts; zero means part.DefaultSizes.
	Sizes part.Sizes
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// OnEvent, if set, hears how the run goes, from several goroutines at once.
	OnEvent func(Event)
}

// Event is a step of a run.
type Event struct {
	Table   string // empty if the step concerns all
	Rows    int64  // scanned so far
	Pages   int
	Done    bool   // the scan has ended
	Message string // for people; empty for mere progress
	Warning bool   // the message says that something is not as it should be
}

// Run is one run over a dataset: a plan or an export.
type Run struct {
	Options
	client  *client.Client
	data    *dataset.Dataset
	account client.Account
	started time.Time
	tables  []*tableRun // in the order of schema.Tables

	declared []*schema.Table  // all tables there are, under protection
	privacy  *dataset.Privacy // what the manifest will record
	rewrite  bool             // there is a dataset, to be written anew
}

// Plan scans the account and tells what Export would change. It touches no table; the scan stays for ExportPlanned.
func Plan(ctx context.Context, o Options) (*Report, error) {
	if o.Rewrite {
		return nil, errRewritePlanned
	}
	return start(ctx, o, true, func(r *Run) (*Report, error) {
		if err := r.scanAndPlan(ctx, true); err != nil {
			return r.report(nil), err
		}
		return r.report(nil), r.keepPlanned()
	})
}

// Export scans the account, and commits what is new, changed or gone. An error of a single table is in the report.
func Export(ctx context.Context, o Options) (*Report, error) {
	return start(ctx, o, false, func(r *Run) (*Report, error) {
		if err := r.scanAndPlan(ctx, false); err != nil {
			return r.report(nil), err
		}
		if err := r.checkRewrite(); err != nil {
			return r.report(nil), err
		}
		return r.merge(ctx)
	})
}

// ExportPlanned commits exactly the scan that the last Plan made and kept. It needs no network.
func ExportPlanned(ctx context.Context, o Options) (*Report, error) {
	if o.Rewrite {
		return nil, errRewritePlanned
	}
	o.Client = nil // what took the network was decided then
	return start(ctx, o, false, func(r *Run) (*Report, error) {
		if err := r.loadPlanned(ctx); err != nil {
			return nil, err
		}
		return r.merge(ctx)
	})
}

// errPending says that a plan has no state to compare with.
var errPending = errors.New("the last export was committed and is not finished; mailerlake export finishes it")

// start locks the dataset and runs do. A commit of an earlier run that is not finished is finished first, unless it is
// for a plan, which changes nothing.
func start(ctx context.Context, o Options, plan bool, do func(*Run) (*Report, error)) (report *Report, err error) {
	r := &Run{Options: o, client: o.Client}
	r.started = r.now()
	if r.Sizes == (part.Sizes{}) {
		r.Sizes = part.DefaultSizes
	}
	if r.data, err = dataset.Open(o.FS, o.Dir); err != nil {
		return nil, err
	}
	if err := r.protect(); err != nil {
		return nil, err
	}
	unlock, err := r.data.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if plan && r.data.Pending() {
		return nil, errPending
	}
	if !plan {
		if err := r.recover(ctx); err != nil {
			return nil, err
		}
	}
	r.rewrite = r.Rewrite && r.data.Manifest != nil
	if err := r.checkPrivacy(); err != nil {
		return nil, err
	}
	r.chooseTables()
	defer r.closeLogs()
	if err := r.dropSorted(); err != nil { // of a run that was killed
		return nil, err
	}
	if err := r.coversAll(); err != nil {
		return nil, err
	}
	if err := r.purge(); err != nil {
		return nil, err
	}
	report, err = do(r)
	return report, r.overtaken(err)
}

// overtaken tells damage from parts that another run replaced meanwhile, on a machine for which the lock does not hold.
func (r *Run) overtaken(err error) error {
	var part *PartError
	if !errors.As(err, &part) {
		return err
	}
	now, look := dataset.Open(r.FS, r.Dir)
	if look != nil || now.Manifest == nil || !now.Pending() && now.Manifest.Snapshot == r.snapshot() {
		return err
	}
	return &dataset.ConflictError{Path: r.Dir, Began: r.snapshot(), Found: now.Manifest.Snapshot}
}

// recover finishes the commit of an earlier run, or gives it up where it is damaged and the run is to repair that.
func (r *Run) recover(ctx context.Context) error {
	rolled, err := r.data.Recover(ctx)
	var damaged *dataset.DamagedError
	if r.Repair && errors.As(err, &damaged) {
		r.event(Event{Message: "gave up the commit of an earlier run: " + err.Error()})
		return r.data.Abandon()
	}
	if rolled {
		r.event(Event{Message: "finished the commit of an earlier run"})
	}
	return err
}

func (r *Run) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return time.Now().UTC()
}

func (r *Run) event(e Event) {
	if r.OnEvent != nil {
		r.OnEvent(e)
	}
}

func (r *Run) say(t *tableRun, message string) {
	r.event(Event{Table: t.table.Name, Message: message})
}

// chooseTables makes a tableRun of each table to export, and of those that are needed to read them.
func (r *Run) chooseTables() {
	for _, t := range r.declared {
		if r.needs(t) {
			r.tables = append(r.tables, &tableRun{table: t, dataset: r.data, sizes: r.Sizes, stored: r.data.Manifest.Table(t.Name),
				rewrite: r.rewrite})
		}
	}
	for _, t := range r.tables {
		if t.table.Parent != nil {
			t.parent = r.table(t.table.Parent.Name)
		}
		t.auxiliary = !r.exports(t.table)
	}
}

// exports reports whether a table is exported: chosen, or inseparable from one that is.
func (r *Run) exports(t *schema.Table) bool {
	return r.chosen(t) || t.Parent != nil && r.chosen(t.Parent) || t.Child != nil && r.chosen(t.Child.Table)
}

// chosen reports whether a table is among those to export, whose declarations are not protected yet.
func (r *Run) chosen(t *schema.Table) bool {
	return slices.ContainsFunc(r.Tables, func(o *schema.Table) bool { return o.Name == t.Name })
}

// needs reports whether a table is scanned: the definitions of custom fields are needed wherever there are values.
func (r *Run) needs(t *schema.Table) bool {
	return r.exports(t) || t.Name == "field" && slices.ContainsFunc(r.declared, func(o *schema.Table) bool {
		return o.Open != "" && r.exports(o)
	})
}

// table returns the run of a table, nil if it is not scanned.
func (r *Run) table(name string) *tableRun {
	for _, t := range r.tables {
		if t.table.Name == name {
			return t
		}
	}
	return nil
}

func (r *Run) dropSorted() error { return r.data.FS().RemoveAll(r.data.Path(dataset.SortedDir)) }

func (r *Run) closeLogs() {
	defer r.dropSorted()
	for _, t := range r.tables {
		if t.sorted != nil && t.sorted != t.log {
			t.sorted.Close()
		}
		if t.log != nil && !t.inParentLog() {
			t.log.Close() // nothing is lost: Append has written it, and whoever needed it synced it
		}
	}
}

// scanAndPlan reads the account and plans every table.
func (r *Run) scanAndPlan(ctx context.Context, full bool) error {
	account, err := r.client.Account(ctx)
	if err != nil {
		return err
	}
	r.account = account
	if r.Repair {
		r.Restart = true
		for _, t := range r.tables {
			t.findDamaged()
			moved, to, err := r.data.MoveForeign(t.table.Name, r.now())
			if err != nil {
				return err
			}
			if len(moved) > 0 {
				r.say(t, fmt.Sprintf("moved files that mailerlake did not write to %s: %s", to, strings.Join(moved, ", ")))
			}
		}
	}
	if err := r.checkAccount(); err != nil {
		return err
	}
	if err := r.dropPlanned(); err != nil {
		return err
	}
	if err := r.scanAll(ctx); err != nil {
		return err
	}
	if err := r.fix(ctx); err != nil {
		return err
	}
	r.warnUnmet()
	return r.planAll(ctx, full)
}

// AccountError says that a key opens another account than the dataset was exported from.
type AccountError struct{ Have, Want string }

func (e *AccountError) Error() string {
	return fmt.Sprintf("the key opens account %s, the dataset holds account %s; export to another directory with --out", e.Have, e.Want)
}

func (r *Run) checkAccount() error {
	m := r.data.Manifest
	if m != nil && (m.Account.ID == "" || r.account.ID == "") { // the API does not always tell
		r.account.ID = m.Account.ID
	}
	if m != nil && m.Account.ID != r.account.ID {
		return &AccountError{Have: r.account.ID, Want: m.Account.ID}
	}
	return nil
}

// scanAll scans the tables, side by side as far as the budget of requests allows. Tables that others refer to are read
// after these.
func (r *Run) scanAll(ctx context.Context) error {
	for _, after := range []bool{false, true} {
		g, ctx := errgroup.WithContext(ctx)
		for _, t := range r.tables {
			if t.table.Parent == nil && t.table.Source.After == after {
				g.Go(func() error { return r.tolerate(t, r.scanTable(ctx, t)) })
			}
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	for _, t := range r.tables {
		if t.parent == nil {
			continue
		}
		t.log, t.scan, t.err = t.parent.log, t.parent.scan, t.parent.err
		if t.err == nil && t.scan.Childless {
			if err := r.tolerate(t, r.scanMembers(ctx, t)); err != nil {
				return err
			}
			t.parent.err = t.err // they stand or fall together
		}
	}
	return nil
}

// tolerate keeps an error that concerns one table alone; one that concerns the run is returned.
func (r *Run) tolerate(t *tableRun, err error) error {
	if err == nil {
		return nil
	}
	if stopsRun(err) {
		return err
	}
	t.fail(err, r)
	return nil
}

// fail makes a table keep its old state, and says why.
func (t *tableRun) fail(err error, r *Run) {
	t.err = err
	r.event(Event{Table: t.table.Name, Message: "not exported: " + err.Error(), Warning: true})
}
