package pagelog

import (
	"maps"
	"slices"

	"mailerlake/schema"
)

// Mark says which walk a page belongs to, and how the walk goes on.
type Mark struct {
	Walk   string // names the walk within the log
	Parent bool   // one of the many walks of a table that is read per parent: once it has ended, only that is remembered
	Cursor string // of the page that follows; the API's, opaque
	End    bool   // the walk came to its end
}

// Walk is what a log knows about a walk.
type Walk struct {
	Begun  bool
	Cursor string // of the page that follows the last one logged
	Ended  bool
	Rows   int64
	Top    schema.Key // last (greatest) key of its first page with rows, nil if none
}

// walks are all walks of a log.
type walks struct {
	open  map[string]*Walk // all but the ended ones of parents
	ended nameSet          // the ended ones of parents
}

// note records a mark and what came with it.
func (w *walks) note(m Mark, rows int, last schema.Key) {
	walk := w.open[m.Walk]
	if walk == nil && m.Parent && m.End {
		w.ended.add(m.Walk)
		return
	}
	if walk == nil {
		walk = &Walk{Begun: true}
		w.open[m.Walk] = walk
	}
	walk.Cursor, walk.Ended = m.Cursor, m.End
	walk.Rows += int64(rows)
	if walk.Top == nil {
		walk.Top = last
	}
	if m.Parent && m.End {
		delete(w.open, m.Walk)
		w.ended.add(m.Walk)
	}
}

func (w *walks) walk(name string) Walk {
	if walk := w.open[name]; walk != nil {
		return *walk
	}
	ended := w.ended.has(name)
	return Walk{Begun: ended, Ended: ended}
}

func (w *walks) unfinished() []string {
	names := slices.Sorted(maps.Keys(w.open))
	return slices.DeleteFunc(names, func(name string) bool { return w.open[name].Ended })
}
