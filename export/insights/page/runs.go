package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"mailerlake/export/insights"
)

func runs(r *insights.Report) *node {
	about := "Rows that the last exports added, changed and deleted in the dataset, over all tables."
	return section("What changed lately", about, r.Runs.Section, func(n *node) {
		last := r.Runs.Last
		labels, added, changed, deleted := make([]string, len(last)), make([]float64, len(last)), make([]float64, len(last)), make([]float64, len(last))
		at := func(i int) insights.Run { return last[len(last)-1-i] } // oldest first
		for i := range last {
			run := at(i)
			labels[i] = "#" + strconv.FormatInt(run.Snapshot, 10)
			added[i], changed[i], deleted[i] = float64(run.Added), float64(run.Changed), float64(run.Deleted)
		}
		c := chart{title: "Rows added, changed and deleted, by snapshot", labels: labels, every: 1, panels: []panel{{height: panelHeight * 0.7, unit: short, least: 1,
			stacks: []series{{"Added", "c1", added}, {"Changed", "c3", changed}, {"Deleted", "c4", deleted}},
			tip: func(i int) string {
				run := at(i)
				return tipOf("Snapshot "+whole(run.Snapshot), whole(run.Added)+" added", whole(run.Changed)+" changed", whole(run.Deleted)+" deleted")
			}}}}
		n.add(c.draw(), details("Numbers", runsTable(last)))
	})
}

func runsTable(last []insights.Run) *node {
	var rows [][]any
	for _, run := range last {
		rows = append(rows, []any{"#" + strconv.FormatInt(run.Snapshot, 10), el("span", class("nowrap"), run.At.UTC().Format("2 Jan 2006 15:04")),
			whole(run.Added), whole(run.Changed), whole(run.Deleted), el("span", class("small"), tablesOf(run))})
	}
	return table([]col{texts("Snapshot"), texts("At (UTC)"), numbers("Added"), numbers("Changed"), numbers("Deleted"), texts("Tables")}, rows)
}

// shownTables is how many tables of a run are listed.
const shownTables = 6

// tablesOf lists what a run changed in each table, those that changed most first.
func tablesOf(run insights.Run) string {
	tables := slices.Clone(run.Tables)
	all := func(t insights.TableChanges) int64 { return t.Added + t.Changed + t.Deleted }
	slices.SortStableFunc(tables, func(a, b insights.TableChanges) int { return cmp.Compare(all(b), all(a)) })
	var list []string
	for _, t := range tables[:min(shownTables, len(tables))] {
		list = append(list, changesOf(t))
	}
	if more := len(tables) - shownTables; more > 0 {
		list = append(list, "and "+count(more, "more", "more"))
	}
	return strings.Join(list, ", ")
}

func changesOf(t insights.TableChanges) string {
	text := shortened(plain(t.Table), 60)
	for _, n := range []struct {
		sign  string
		count int64
	}{{"+", t.Added}, {"~", t.Changed}, {"−", t.Deleted}} {
		if n.count > 0 {
			text += " " + n.sign + whole(n.count)
		}
	}
	return text
}
