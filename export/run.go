package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailerlake/client"
	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// Options steer a run.
type Options struct {
	Client  *client.Client // not needed to commit a planned scan
	FS      disk.FS
	Dir     string // of the dataset
	Program string // name and version, for manifest and files
	// Catalog declares the tables that there are.
	Catalog *schema.Catalog
	// Tables are the names of the tables to export; nil means all. What else is needed to read them is read, and not
	// written.
	Tables []string
	// Restart starts every scan over instead of resuming it.
	Restart bool
	// Full reads also the lists that stand still because their rows do.
	Full bool
	// ResumeWithin is the maximum age of a scan that is resumed.
	ResumeWithin time.Duration
	// Repair rebuilds damaged parts from a fresh scan, and moves foreign files out of the tables' directories.
	Repair bool
	// Private makes the whole dataset accessible to its owner only.
	Private bool
	// Privacy says what is kept off the disk. It has to be the same as when the dataset was exported.
	Privacy Privacy
	// Rewrite writes every table from a complete scan, with the current types and names, so that Privacy can change. It
	// is all or nothing, and only Export accepts it; a dataset that does not exist yet is exported as usual.
	Rewrite bool
	// Estimate begins with an estimate of what the run costs, as an event and in the report. For a first export that takes a few
	// requests.
	Estimate bool
	// Yes applies deletes even if there are many.
	Yes bool
	// Destinations are published to when the run has committed. A run that could not publish to one of them does not begin.
	Destinations []Destination
	// KeepChanges is how long change files are kept, and 0 that none are; nil means as long as before, for a new dataset
	// dataset.DefaultKeep. It must not be negative.
	KeepChanges *time.Duration
	// History says whether change files hold whole rows, from before and after each change; nil means as before, for a new
	// dataset no.
	History *bool
	// Sizes of row groups and parts; zero means part.DefaultSizes.
	Sizes part.Sizes
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// OnEvent, if set, is called with each step of the run, from several goroutines at once; so is OnTransfer, as it publishes.
	OnEvent    func(Event)
	OnTransfer func(Transfer)
	// OnExpect, if set, is called once, when it is known about how much there is to read.
	OnExpect func(Expected)
}

// run is one run over a dataset: a plan or an export.
type run struct {
	Options
	catalog  *schema.Catalog // protected
	data     *dataset.Dataset
	account  client.Account
	started  time.Time
	scanner  *scan.Scanner
	tables   tables
	privacy  *dataset.Privacy
	rewrite  bool // Rewrite is set and there is a dataset
	planned  bool // the scan is that of an earlier plan
	planOnly bool // nothing is committed
	commits  bool // each stage is committed
	// estimated is what the run was said to cost, nil if nothing was said.
	estimated *cost.Estimate
	stage     int // that is being read, planned and committed
	// committed is the manifest of the last commit of this run, nil if there was none.
	committed *dataset.Manifest
	// published is what was done with the destinations.
	published []Published
	// lost is, by table, the snapshot of the last damaged change file that a repair found.
	lost map[string]int64
}

// Plan scans the account and reports what Export would change. It touches no table, and keeps the scan for
// ExportPlanned. If there is an error, the report may say more about it, or be nil.
func Plan(ctx context.Context, o Options) (*Report, error) {
	if o.Rewrite {
		return nil, errRewritePlanned
	}
	return start(ctx, o, true, func(r *run) (*Report, error) {
		err := r.planStages(ctx, true)
		if err == nil {
			err = r.keepPlanned()
		}
		return r.report(), err
	})
}

// Export scans the account, and commits what is new, changed or gone. An error of a single table is in the report.
func Export(ctx context.Context, o Options) (*Report, error) {
	return start(ctx, o, false, func(r *run) (*Report, error) {
		work := r.commitStages
		if r.rewrite {
			work = r.rewriteAll
		}
		err := work(ctx)
		if err == nil {
			err = r.publish(ctx)
		}
		return r.report(), err
	})
}

// ExportPlanned commits exactly the scan that the last Plan made and kept. It needs no network.
func ExportPlanned(ctx context.Context, o Options) (*Report, error) {
	if o.Rewrite {
		return nil, errRewritePlanned
	}
	o.Client = nil // the plan decided what needs the network
	return start(ctx, o, false, func(r *run) (*Report, error) {
		err := r.loadPlanned(ctx)
		if err == nil {
			err = r.commit(ctx)
		}
		if err == nil {
			err = r.publish(ctx)
		}
		return r.report(), err
	})
}

// errPending says that there is no committed state to plan against.
var errPending = errors.New("a commit is unfinished; mailerlake export finishes it")

// start locks the dataset and runs do. An unfinished commit of an earlier run is finished first, but not for a plan,
// which changes nothing.
func start(ctx context.Context, o Options, plan bool, do func(*run) (*Report, error)) (report *Report, err error) {
	r := &run{Options: o, planOnly: plan}
	r.started = r.now()
	if r.Sizes == (part.Sizes{}) {
		r.Sizes = part.DefaultSizes
	}
	if r.data, err = dataset.Open(o.FS, o.Dir); err != nil {
		return nil, err
	}
	if _, err := r.feedSettings(); err != nil {
		return nil, err
	}
	if r.catalog, r.privacy, err = o.Privacy.protect(o.Catalog, r.data.Manifest); err != nil {
		return nil, err
	}
	unlock, err := r.data.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := r.prepare(ctx, plan); err != nil {
		return nil, err
	}
	defer r.closeLogs()
	if err := r.checkDestinations(ctx); err != nil {
		return nil, err
	}
	report, err = do(r)
	return report, r.orConflict(err)
}

// prepare brings a locked dataset into the state that the run begins from.
func (r *run) prepare(ctx context.Context, plan bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if plan && r.data.Pending() {
		return errPending
	}
	if !plan {
		if err := r.recover(ctx); err != nil {
			return err
		}
	}
	r.rewrite = r.Rewrite && r.data.Manifest != nil
	if r.data.Manifest != nil && !r.rewrite {
		if err := checkPrivacy(r.data.Manifest, r.privacy); err != nil {
			return err
		}
	}
	if err := r.setAccess(plan); err != nil {
		return err
	}
	r.tables = choose(r.catalog, r.exports, r.data, r.Sizes, r.rewrite)
	if err := r.data.Logs().DropScratch(); err != nil { // of a run that was killed
		return err
	}
	if err := r.coversAll(); err != nil {
		return err
	}
	if r.privacy == nil && !r.rewrite {
		return nil
	}
	purged, err := purge(ctx, r.data.Logs(), r.catalog)
	if purged {
		r.event(Event{Message: "removing the page logs of earlier scans: they were made with different --drop or --hash"})
	}
	return err
}

// setAccess makes the dataset private, if that is wanted. Otherwise an export lets readers look for its journal.
func (r *run) setAccess(plan bool) error {
	switch {
	case r.Private:
		return r.data.MakePrivate()
	case plan:
		return nil
	}
	return r.data.AdmitReaders()
}

// orConflict returns a conflict in place of damage if another run committed meanwhile: the lock does not keep out other
// machines.
func (r *run) orConflict(err error) error {
	var damaged *PartError
	if !errors.As(err, &damaged) {
		return err
	}
	now, look := dataset.Open(r.FS, r.Dir)
	if look != nil || now.Manifest == nil || !now.Pending() && now.Manifest.Snapshot == r.snapshot() {
		return err
	}
	return &dataset.ConflictError{Path: r.Dir, Began: r.snapshot(), Found: now.Manifest.Snapshot}
}

// recover finishes the commit of an earlier run, or drops it if it is damaged and the run is a repair.
func (r *run) recover(ctx context.Context) error {
	finished, err := r.data.Recover(ctx)
	var damaged *dataset.DamagedError
	if r.Repair && errors.As(err, &damaged) {
		r.event(Event{Message: "dropped the commit of an earlier run: " + err.Error()})
		return r.data.Abandon()
	}
	if finished {
		r.event(Event{Message: "finished the commit of an earlier run"})
	}
	return err
}

func (r *run) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return time.Now().UTC()
}

func (r *run) event(e Event) {
	if r.OnEvent != nil {
		r.OnEvent(e)
	}
}

func (r *run) snapshot() int64 {
	if r.data.Manifest == nil {
		return 0
	}
	return r.data.Manifest.Snapshot
}

// AccountError says that the key opens a different account from the one that the dataset was exported from.
type AccountError struct{ Have, Want string }

func (e *AccountError) Error() string {
	return fmt.Sprintf("the key opens account %s, the dataset holds account %s; export to another directory with --out", e.Have, e.Want)
}

func (r *run) checkAccount() error {
	m := r.data.Manifest
	if m != nil && (m.Account.ID == "" || r.account.ID == "") { // the API does not always say
		r.account.ID = m.Account.ID
	}
	if m != nil && m.Account.ID != r.account.ID {
		return &AccountError{Have: r.account.ID, Want: m.Account.ID}
	}
	return nil
}

// exports reports whether a table is to be exported.
func (r *run) exports(t *schema.Table) bool {
	return r.Tables == nil || slices.Contains(r.Tables, t.Name)
}
