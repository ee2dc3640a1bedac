package metrics

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// label is a label of a sample.
type label struct{ name, value string }

// Text returns the metrics of runs, each of another dataset, in Prometheus' text format. Those of other datasets, as Others returns
// them, are kept.
func Text(runs []Run, others map[string][]string) []byte {
	w := &writer{others: others}
	w.family("mailerlake_build_info", "The version of mailerlake that ran last.")
	for _, r := range runs {
		w.sample(append(r.labels(), label{"version", r.Version}), 1)
	}
	for _, g := range ofRun {
		write(w, g, runs, func(r Run) []Run { return []Run{r} }, func(Run) []label { return nil })
	}
	for _, g := range ofTable {
		write(w, g, runs, Run.tables, func(t table) []label { return []label{{"table", t.name}} })
	}
	w.changes(runs)
	for _, g := range ofDestination {
		write(w, g, runs, Run.destinations, func(d destination) []label { return []label{{"destination", d.url}} })
	}
	w.end()
	return w.out.Bytes()
}

// write writes a metric of what a run has any number of.
func write[T any](w *writer, g gauge[T], runs []Run, of func(Run) []T, labels func(T) []label) {
	w.family(g.name, g.help)
	for _, r := range runs {
		for _, one := range of(r) {
			if value, known := g.value(one); known {
				w.sample(append(r.labels(), labels(one)...), value)
			}
		}
	}
}

// changes writes how many rows the runs added, changed, deleted and rebuilt.
func (w *writer) changes(runs []Run) {
	w.family("mailerlake_table_last_run_rows", "Rows that the last export added, changed, deleted and rebuilt.")
	for _, r := range runs {
		for _, t := range r.tables() {
			did := t.changes()
			for _, change := range []struct {
				name string
				rows int64
			}{{"added", did.Inserted}, {"changed", did.Updated}, {"deleted", did.Deleted}, {"rebuilt", did.Rebuilt}} {
				w.sample(append(r.labels(), label{"table", t.name}, label{"change", change.name}), float64(change.rows))
			}
		}
	}
}

func (r Run) labels() []label { return []label{{"account", r.Account}, {"dataset", r.Dataset}} }

// writer writes metrics. What is said of a metric comes before its first sample, and is left out if there is none.
type writer struct {
	out        bytes.Buffer
	name, help string
	begun      bool
	others     map[string][]string
}

// family begins a metric; all samples of one are together.
func (w *writer) family(name, help string) {
	w.end()
	w.name, w.help, w.begun = name, help, false
}

// end ends a metric with the samples of other datasets.
func (w *writer) end() {
	for _, line := range w.others[w.name] {
		w.begin()
		w.out.WriteString(line + "\n")
	}
}

func (w *writer) begin() {
	if !w.begun {
		fmt.Fprintf(&w.out, "# HELP %s %s\n# TYPE %s gauge\n", w.name, w.help, w.name)
		w.begun = true
	}
}

func (w *writer) sample(labels []label, value float64) {
	w.begin()
	w.out.WriteString(w.name)
	for i, l := range labels {
		before := ","
		if i == 0 {
			before = "{"
		}
		fmt.Fprintf(&w.out, `%s%s="%s"`, before, l.name, escaped.Replace(strings.ToValidUTF8(l.value, "\ufffd")))
	}
	fmt.Fprintf(&w.out, "} %s\n", strconv.FormatFloat(value, 'f', -1, 64))
}

// escaped writes the value of a label.
var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
