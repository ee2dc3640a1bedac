package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"mailerlake/client"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// plannedName is the file, in dataset.ScanDir, that says that the page logs there are the scan of a plan.
const plannedName = "planned.json"

// planned is what a plan leaves, beside its page logs, for ExportPlanned: the decisions that took the network.
type planned struct {
	Account  client.Account          `json:"account"`
	Snapshot int64                   `json:"snapshot"` // that the plan was made on; 0 for none
	Made     time.Time               `json:"made"`
	Tables   map[string]plannedTable `json:"tables"`
}

type plannedTable struct {
	Auxiliary bool `json:"auxiliary,omitempty"`
	OwnLog    bool `json:"own_log"`
	// Begun and Pages tell the page log that the plan was made of from another that has its name: what was decided about
	// one scan proves nothing about the rows of another.
	Begun    time.Time `json:"begun"`
	Pages    int       `json:"pages"`
	Withheld string    `json:"withheld,omitempty"`
	Gone     []string  `json:"gone,omitempty"`
}

func (r *Run) snapshot() int64 {
	if r.data.Manifest == nil {
		return 0
	}
	return r.data.Manifest.Snapshot
}

// keepPlanned marks the page logs as the scan of this plan.
func (r *Run) keepPlanned() (err error) {
	p := planned{Account: r.account, Snapshot: r.snapshot(), Made: r.now(), Tables: map[string]plannedTable{}}
	for _, t := range r.tables {
		if t.err != nil {
			continue
		}
		pt := plannedTable{Auxiliary: t.auxiliary, OwnLog: !t.inParentLog(), Begun: t.log.Header.Started, Pages: len(t.log.Frames)}
		if t.plan != nil {
			pt.Withheld = t.plan.Withheld
		}
		for id := range t.goneGroups {
			pt.Gone = append(pt.Gone, id)
		}
		p.Tables[t.table.Name] = pt
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := r.writePlanned(data); err != nil {
		return fmt.Errorf("keep plan: %w", err)
	}
	return nil
}

// plannedTemp is what plannedName is called until it is whole.
const plannedTemp = plannedName + ".tmp"

func (r *Run) writePlanned(data []byte) error {
	fsys, temp := r.data.FS(), r.data.Path(dataset.ScanDir, plannedTemp)
	f, err := fsys.Create(temp, disk.Private)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(temp, r.data.Path(dataset.ScanDir, plannedName)); err != nil {
		return err
	}
	return fsys.SyncDir(r.data.Path(dataset.ScanDir))
}

// dropPlanned forgets the scan of an earlier plan: it is committed by ExportPlanned or not at all. Page logs of tables
// that the plan has not, because their scan was cut off, are left to be gone on with.
func (r *Run) dropPlanned() error {
	p, err := r.decodePlanned()
	if err != nil {
		return fmt.Errorf("forget the earlier plan: %w", err)
	}
	var names []string
	for _, table := range schema.Tables() { // also of tables that this run leaves alone
		t := r.table(table.Name)
		if _, planned := p.Tables[table.Name]; planned && (t == nil || t.log == nil) { // else it is in use by this run
			names = append(names, logName(table))
		}
	}
	for _, name := range append(names, plannedTemp, plannedName) {
		if err := r.data.FS().Remove(r.data.Path(dataset.ScanDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the earlier plan: %w", err)
		}
	}
	return nil
}

// NoPlanError says that there is no plan to commit, or that it does not fit any more.
type NoPlanError struct{ Why string }

func (e *NoPlanError) Error() string {
	return fmt.Sprintf("no plan to commit: %s; run mailerlake plan first", e.Why)
}

// loadPlanned takes up the scan and the decisions of the last plan.
func (r *Run) loadPlanned(ctx context.Context) error {
	p, err := r.readPlanned()
	if err != nil {
		return err
	}
	r.account = p.Account
	if err := r.checkAccount(); err != nil {
		return err
	}
	var tables []*tableRun
	for _, t := range r.tables {
		pt, ok := p.Tables[t.table.Name]
		if !ok {
			continue
		}
		tables = append(tables, t)
		t.auxiliary = pt.Auxiliary
		if err := r.loadPlannedTable(t, pt); err != nil {
			return err
		}
	}
	r.tables = tables
	if err := r.fix(ctx); err != nil {
		return err
	}
	return r.replan(p)
}

// replan makes the plans of the scan again, with what was decided then.
func (r *Run) replan(p *planned) error {
	for _, t := range r.tables {
		if t.parent != nil && t.err == nil {
			t.err = t.parent.err
		}
		if t.err != nil || t.auxiliary {
			continue
		}
		plan, err := planTable(t, true)
		if err := r.tolerate(t, err); err != nil {
			return err
		}
		if err == nil {
			plan.Withheld = p.Tables[t.table.Name].Withheld
			plan.settle(t, plan.Withheld == "")
			t.plan = plan
		} else if t.parent != nil {
			t.parent.err = err // they stand or fall together
		}
	}
	return nil
}

func (r *Run) readPlanned() (*planned, error) {
	p, err := r.decodePlanned()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read plan: %w", err)
	case p.Tables == nil:
		return nil, &NoPlanError{"none was made, or it was committed or replaced"}
	case p.Snapshot != r.snapshot():
		return nil, &NoPlanError{"the dataset was changed since"}
	}
	return p, nil
}

// decodePlanned returns an empty plan if there is none, or none that can be understood.
func (r *Run) decodePlanned() (*planned, error) {
	f, err := r.data.FS().Open(r.data.Path(dataset.ScanDir, plannedName))
	if errors.Is(err, fs.ErrNotExist) {
		return &planned{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, err
	}
	p := &planned{}
	if err := json.Unmarshal(data, p); err != nil {
		return &planned{}, nil
	}
	return p, nil
}

func (r *Run) loadPlannedTable(t *tableRun, pt plannedTable) (err error) {
	if len(pt.Gone) > 0 {
		t.goneGroups = map[string]bool{}
		for _, id := range pt.Gone {
			t.goneGroups[id] = true
		}
	}
	if !pt.OwnLog && t.parent != nil && t.parent.log != nil {
		t.log, t.scan = t.parent.log, t.parent.scan
		return nil
	}
	if t.log, err = pagelog.Open(r.data.FS(), r.logPath(t), t.table.Order); err != nil {
		if broken := (*fs.PathError)(nil); errors.As(err, &broken) && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read plan: %w", err)
		}
		return &NoPlanError{err.Error()}
	}
	if !t.log.Header.Started.Equal(pt.Begun) || len(t.log.Frames) != pt.Pages {
		return &NoPlanError{"its page logs are of another scan"}
	}
	h := r.header(t)
	if h.Started = t.log.Header.Started; h != t.log.Header {
		return &NoPlanError{"its page logs do not fit"}
	}
	done, err := t.finished()
	if err == nil && !done {
		return &NoPlanError{"its scan did not end"}
	}
	return err
}
