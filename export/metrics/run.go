package metrics

import (
	"slices"
	"strings"
	"time"

	"mailerlake/export"
	"mailerlake/export/dataset"
)

// Run is how the run of one account ended.
type Run struct {
	Account string // its name or id; empty if not known
	Dataset string // the directory
	Version string // of the program
	// Ended is when the run ended, and Seconds how long it took.
	Ended    time.Time
	Seconds  float64
	ExitCode int
	// Succeeded is when a run last ended with exit code 0, in seconds since 1970; 0 if that is not known.
	Succeeded float64
	// Report is what the run did; nil if it failed before it did anything.
	Report *export.Report
	// Manifest is what the dataset holds now; nil if there is none, or it cannot be read.
	Manifest *dataset.Manifest
	// Destinations are the URLs to publish to.
	Destinations []string
}

// table is what is known about one table after a run.
type table struct {
	name   string
	state  *dataset.TableState // nil if the dataset does not have it
	report export.TableReport  // zero if the run did not get to the table, or was not to
}

// tables returns the tables that the dataset has or the run was to export, in the order of their names.
func (r Run) tables() (all []table) {
	find := func(name string) *table {
		i := slices.IndexFunc(all, func(t table) bool { return t.name == name })
		if i < 0 {
			all, i = append(all, table{name: name}), len(all)
		}
		return &all[i]
	}
	if r.Manifest != nil {
		for i := range r.Manifest.Tables {
			find(r.Manifest.Tables[i].Name).state = &r.Manifest.Tables[i]
		}
	}
	if r.Report != nil {
		for _, t := range r.Report.Tables {
			find(t.Name).report = t
		}
	}
	slices.SortFunc(all, func(a, b table) int { return strings.Compare(a.name, b.name) })
	return all
}

// changes returns what the run changed in the table: nothing if it did not get there.
func (t table) changes() export.TablePlan {
	if t.report.TablePlan == nil {
		return export.TablePlan{}
	}
	return *t.report.TablePlan
}

// destination is what is known about one destination after a run.
type destination struct {
	url    string
	report export.Published // zero if the run did not get there
}

func (r Run) destinations() (all []destination) {
	for _, url := range r.Destinations {
		d := destination{url: url}
		if r.Report != nil {
			if i := slices.IndexFunc(r.Report.Published, func(p export.Published) bool { return p.Destination == url }); i >= 0 {
				d.report = r.Report.Published[i]
			}
		}
		all = append(all, d)
	}
	return all
}
