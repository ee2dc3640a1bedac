package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"mailerlake/client"
	"mailerlake/export/dataset"
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
	Auxiliary bool     `json:"auxiliary,omitempty"`
	OwnLog    bool     `json:"own_log"`
	Withheld  string   `json:"withheld,omitempty"`
	Gone      []string `json:"gone,omitempty"`
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
		pt := plannedTable{Auxiliary: t.auxiliary, OwnLog: !t.inParentLog()}
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
	name := r.data.Path(dataset.ScanDir, plannedName)
	f, err := r.data.FS().Create(name + ".tmp")
	if err != nil {
		return fmt.Errorf("keep plan: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = r.data.FS().Rename(name+".tmp", name)
	}
	if err != nil {
		return fmt.Errorf("keep plan: %w", err)
	}
	return nil
}

// dropPlanned forgets the scan of an earlier plan: it is committed by ExportPlanned or not at all.
func (r *Run) dropPlanned() error {
	fsys, name := r.data.FS(), r.data.Path(dataset.ScanDir, plannedName)
	if _, err := fsys.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, t := range r.tables {
		if t.log != nil {
			continue // in use by this run
		}
		if err := fsys.Remove(r.logPath(t)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the earlier plan: %w", err)
		}
	}
	if err := fsys.Remove(name); err != nil {
		return fmt.Errorf("forget the earlier plan: %w", err)
	}
	return nil
}

// NoPlanError says that there is no plan to commit, or that it does not fit any more.
type NoPlanError struct{ Why string }

func (e *NoPlanError) Error() string {
	return fmt.Sprintf("no plan to commit: %s; run mailerlake plan first", e.Why)
}

// loadPlanned takes up the scan and the decisions of the last plan.
func (r *Run) loadPlanned() error {
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
	if err := r.fix(nil); err != nil { //nolint:staticcheck // without a client there is nothing to wait for
		return err
	}
	for _, t := range r.tables {
		if t.err != nil || t.auxiliary {
			continue
		}
		if t.plan, t.err = planTable(t, true); t.err == nil {
			t.plan.Withheld = p.Tables[t.table.Name].Withheld
			t.plan.settle(t, t.plan.Withheld == "")
		}
	}
	return nil
}

func (r *Run) readPlanned() (*planned, error) {
	f, err := r.data.FS().Open(r.data.Path(dataset.ScanDir, plannedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NoPlanError{"none was made, or it was committed or replaced"}
	}
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	defer f.Close()
	var p planned
	if err := json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&p); err != nil {
		return nil, &NoPlanError{"its file is damaged"}
	}
	if p.Snapshot != r.snapshot() {
		return nil, &NoPlanError{"the dataset was changed since"}
	}
	return &p, nil
}

func (r *Run) loadPlannedTable(t *tableRun, pt plannedTable) (err error) {
	if len(pt.Gone) > 0 {
		t.goneGroups = map[string]bool{}
		for _, id := range pt.Gone {
			t.goneGroups[id] = true
		}
	}
	if !pt.OwnLog && t.parent != nil {
		t.log, t.scan = t.parent.log, t.parent.scan
		return nil
	}
	if t.log, err = dataset.OpenLog(r.data.FS(), r.logPath(t), t.table.Order); err != nil {
		return &NoPlanError{err.Error()}
	}
	h := r.header(t)
	if t.log.Header.Account != h.Account || t.log.Header.Table != h.Table || t.log.Header.Source != h.Source || t.log.Header.Base != h.Base {
		return &NoPlanError{"its page logs do not fit"}
	}
	done, err := t.finished()
	if err == nil && !done {
		return &NoPlanError{"its scan did not end"}
	}
	return err
}
