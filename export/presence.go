package export

import (
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// presence tells whether a committed row that the scan did not meet may be gone. For a table with a list of its own it
// may. A membership is known to be gone when its subscriber's fresh row lists groups without it; when the subscriber
// itself was not met it goes with the subscriber.
type presence struct {
	cursor       *pagelog.Cursor // nil: every row may be gone
	bit          uint8           // in schema.Page.Absent: the parent's row said nothing of its child rows
	parentsGone  bool            // parents that were not met are deleted in this run
	stretch      pagelog.Run
	ended, begun bool
}

func newPresence(t *tableRun) (*presence, error) {
	if !t.inParentLog() {
		return &presence{}, nil
	}
	p := &presence{parentsGone: t.parent.plan != nil && t.parent.plan.Withheld == ""}
	for b, object := range t.parent.table.Always {
		if object == t.parent.table.Child.Attribute {
			p.bit = 1 << b
		}
	}
	log, err := t.sortedLog()
	if err != nil {
		return nil, err
	}
	p.cursor = pagelog.NewCursor(log, func(child bool, c schema.Column) bool { return !child && c.Required }, nil)
	return p, nil
}

// mayBeGone decides about one row; the keys it is asked for must come in order.
func (p *presence) mayBeGone(key schema.Key) (bool, error) {
	if p.cursor == nil {
		return true, nil
	}
	parent := key[:1]
	for !p.ended && (!p.begun || p.stretch.Keys.CompareKey(p.stretch.To-1, parent) < 0) {
		s, ok, err := p.cursor.Next()
		if err != nil {
			return false, err
		}
		p.stretch, p.ended, p.begun = s, !ok, true
	}
	if p.ended {
		return p.parentsGone, nil
	}
	row := p.stretch.Keys.Search(p.stretch.From, parent)
	if row >= p.stretch.To || p.stretch.Keys.CompareKey(row, parent) != 0 {
		return p.parentsGone, nil
	}
	return p.stretch.Page.Absent == nil || p.stretch.Page.Absent[row]&p.bit == 0, nil
}
