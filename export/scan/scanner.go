package scan

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// Options say how to scan.
type Options struct {
	Client  *client.Client
	Logs    *pagelog.Store
	Account string // id of the account
	Catalog *schema.Catalog
	// Base names the committed scan that a table's page log follows, empty if there is none.
	Base func(t *schema.Table) string
	// Stored returns the rows of a table that the dataset holds, in key order: where to cut a list into ranges of about
	// as many rows. Nil if nothing is known.
	Stored func(t *schema.Table) []Stretch
	// Restart starts every scan over instead of resuming it.
	Restart bool
	// ResumeWithin is the maximum age of a scan that is resumed.
	ResumeWithin time.Duration
	Now          func() time.Time
	// Lists says which lists of a table are read, of those that it has for each row of a parent that was scanned; nil for
	// all of every table.
	Lists func(ctx context.Context, t *schema.Table, parent *Result) (Lists, error)
	// OnEvent is called with each step of the scan, from several goroutines at once.
	OnEvent func(Event)
}

// Event is a step of a run.
type Event struct {
	Table string // empty if the step concerns all
	Rows  int64  // scanned so far
	// Of is how many rows there are to scan, 0 if it is not known. If Rough is set, it is an estimate.
	Of    int64
	Rough bool
	Pages int // scanned so far, by this run
	// Lists is how many lists there are to read, and ListsRead how many were, of a table that has one for each row of another.
	Lists, ListsRead int64
	Share            float64 // of the records of these lists, those of walks that mark rows included; 0 if it is not known
	Done             bool    // the scan has ended
	// Phase is what the run does from now on; empty if the step does not change it. Step of Steps tables are done with it.
	Phase       Phase
	Step, Steps int
	Message     string // for people; empty for mere progress
	Warning     bool   // the message says that something is not as it should be
}

// Phase is what a run is doing.
type Phase string

// Reading is the phase of a scan; other packages have others.
const Reading Phase = "reading"

// Scanner reads tables, each once.
type Scanner struct {
	Options
	order   []*schema.Table // each table waits only for those before it
	wanted  map[string]bool
	mu      sync.Mutex
	results map[string]*Result
	before  map[string]tally // what was counted of tables that Forget has forgotten
}

// New returns a scanner of a catalog's tables.
func New(o Options) *Scanner {
	return &Scanner{Options: o, order: ordered(o.Catalog), wanted: map[string]bool{}, results: map[string]*Result{}, before: map[string]tally{}}
}

// Scan reads tables and what is needed to read them. A failure that concerns one table is in its Result; an error
// concerns the run. Tables are read side by side, each after those it depends on.
func (s *Scanner) Scan(ctx context.Context, tables []*schema.Table) error {
	for _, t := range tables {
		s.wanted[t.Name] = true
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range tables {
		g.Go(func() error {
			_, err := s.scanned(ctx, t)
			return err
		})
	}
	return g.Wait()
}

// Result returns the scan of a table, nil if it was not read.
func (s *Scanner) Result(t *schema.Table) *Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[t.Name]
}

// Forget makes the next Scan read a table once more, into a new log. The table's present log has to be closed.
func (s *Scanner) Forget(t *schema.Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.results[t.Name]; r != nil {
		s.before[t.Name] = r.counted
	}
	delete(s.results, t.Name)
}

// Results returns all scans, in the catalog's order.
func (s *Scanner) Results() []*Result {
	var all []*Result
	for _, t := range s.Catalog.Tables() {
		if r := s.Result(t); r != nil {
			all = append(all, r)
		}
	}
	return all
}

// scanned scans a table, or waits for the scan if it has begun.
func (s *Scanner) scanned(ctx context.Context, t *schema.Table) (*Result, error) {
	s.mu.Lock()
	r, begun := s.results[t.Name]
	if !begun {
		r = &Result{Table: t, done: make(chan struct{})}
		s.results[t.Name] = r
	}
	s.mu.Unlock()
	if begun {
		select {
		case <-r.done:
			return r, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := s.scan(ctx, r); err != nil {
		return nil, err
	}
	close(r.done)
	return r, nil
}

// scan scans a table after the tables that come before it.
func (s *Scanner) scan(ctx context.Context, r *Result) error {
	if !beginsEarly(r.Table) {
		if err := s.wait(ctx, r.Table); err != nil {
			return err
		}
	}
	err := s.read(ctx, r)
	if err == nil {
		return nil
	}
	if stopsRun(err) {
		return err
	}
	r.Err = err
	s.warn(r.Table, "not exported: "+err.Error())
	return nil
}

// read scans a table from its source.
func (s *Scanner) read(ctx context.Context, r *Result) error {
	switch source := r.Table.Source.(type) {
	case *schema.List:
		return s.readList(ctx, r, source)
	case *schema.Single:
		return s.readSingle(ctx, r, source)
	case *schema.Nested:
		return s.readNested(ctx, r, source)
	case *schema.Derived:
		return s.readParent(ctx, r)
	}
	return fmt.Errorf("no way to read %s", r.Table.Name)
}

// readList scans a list: one of the account, or one for each row of a parent.
func (s *Scanner) readList(ctx context.Context, r *Result, list *schema.List) error {
	if list.Per != nil {
		parent, err := s.scanned(ctx, s.Catalog.Lookup(list.Per.Table))
		if err != nil {
			return err
		}
		return s.readPerParent(ctx, r, list, parent)
	}
	if list.Paging == schema.ByCursor {
		return s.fillLog(ctx, r, list, resumable, s.walkCursorList)
	}
	return s.fillLog(ctx, r, list, restarted, s.walkPageList)
}

// readNested takes the rows from the log of the table that they are nested in. If no row of that table says anything
// about them, it lists them.
func (s *Scanner) readNested(ctx context.Context, r *Result, source *schema.Nested) error {
	if err := s.readParent(ctx, r); err != nil {
		return err
	}
	for _, name := range r.parent.Childless {
		if name != r.Table.Name {
			continue
		}
		if source.Otherwise == nil {
			r.Incomplete = fmt.Sprintf("no record of %s has %q", r.parent.Table.Name, source.Attribute)
			return nil
		}
		own := &Result{Table: r.Table}
		err := s.readList(ctx, own, source.Otherwise)
		r.Log, r.Nested, r.Outcome, r.lists = own.Log, false, own.Outcome, own.lists // also of a scan that failed: its log is closed with the others
		return err
	}
	return nil
}

// readParent uses the log and the outcome of the parent.
func (s *Scanner) readParent(ctx context.Context, r *Result) error {
	parent, err := s.scanned(ctx, r.Table.Parent())
	if err != nil {
		return err
	}
	if parent.Err != nil {
		return fmt.Errorf("read %s: %w", parent.Table.Name, parent.Err)
	}
	r.parent, r.Log, r.Nested, r.Outcome = parent, parent.Log, true, parent.Inside()
	return nil
}

func (s *Scanner) now() time.Time { return s.Now().UTC() }

func (s *Scanner) event(e Event) {
	if s.OnEvent != nil {
		s.OnEvent(e)
	}
}

func (s *Scanner) say(t *schema.Table, message string) {
	s.event(Event{Table: t.Name, Message: message})
}

func (s *Scanner) warn(t *schema.Table, message string) {
	s.event(Event{Table: t.Name, Message: message, Warning: true})
}
