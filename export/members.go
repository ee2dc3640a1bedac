package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"mailerlake/client"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// scanMembers reads the child rows of a table whose own rows do not tell of them: the members of every group, in every
// status, each list walked on its own into a log of the child table.
func (r *Run) scanMembers(ctx context.Context, t *tableRun) error {
	log, err := dataset.CreateLog(r.data.FS(), r.logPath(t), r.header(t), t.table.Order)
	if err != nil {
		return err
	}
	t.log = log
	m := &members{scan: scan{Run: r, t: t, decoder: schema.NewDecoder(t.parent.table), started: log.Header.Started}}
	groups, err := m.groups(ctx)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := m.walkGroup(ctx, group); err != nil {
			return err
		}
	}
	m.progress(true)
	return m.finish(m.incomplete)
}

// members is a scan of member lists.
type members struct {
	scan
	incomplete string
}

// groups lists the ids of all groups. A list that changes under the walk is walked again; what was met in any walk is
// listed, since the members of a group that is gone are just not found.
func (m *members) groups(ctx context.Context) ([]string, error) {
	src := schema.Lookup("group").Source
	list := client.List{Path: src.Path, Limits: src.Limits}
	all := map[string]bool{}
	for range 3 {
		w := pageWalk{seen: map[string]bool{}, total: -1, all: -1, stable: true}
		for page, err := range rawPages(ctx, m.client.Pages, list) {
			if circle(err) {
				m.incomplete = err.Error()
				break
			}
			if err != nil {
				return nil, err
			}
			if err := m.noteGroups(page, &w); err != nil {
				return nil, err
			}
		}
		maps.Copy(all, w.seen)
		if w.whole() || m.incomplete != "" {
			return slices.Sorted(maps.Keys(all)), nil
		}
	}
	m.incomplete = "the list of groups changed while it was read"
	return slices.Sorted(maps.Keys(all)), nil
}

// noteGroups takes the ids of a page of groups.
func (m *members) noteGroups(page *page, w *pageWalk) error {
	table := schema.Lookup("group")
	w.note(page.Page)
	rows, err := schema.NewDecoder(table).Page(page.Data)
	if err != nil {
		return fmt.Errorf("decode %s: %w", table.Name, err)
	}
	w.meet(rows.Rows.Keys(table.Order))
	return nil
}

func (m *members) walkGroup(ctx context.Context, group string) error {
	src := m.t.table.Source
	for _, params := range walksOf(src) {
		list := client.List{Path: strings.ReplaceAll(src.Path, "{id}", url.PathEscape(group)), Params: params, Limits: src.Limits}
		for page, err := range rawPages(ctx, m.client.Cursor, list) {
			if errors.Is(err, client.ErrNotFound) {
				break // the group was deleted after it was listed
			}
			if circle(err) {
				m.incomplete = err.Error()
				break
			}
			if err != nil {
				return err
			}
			if err := m.appendMembers(page, group, params); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendMembers logs the memberships that a page of a group's members tells of.
func (m *members) appendMembers(page *page, group string, params url.Values) error {
	rows, err := m.decoder.Page(page.Data)
	if err != nil {
		return fmt.Errorf("decode members of a group: %w", err)
	}
	child := m.t.parent.table.Child
	b := &schema.Batch{Columns: m.t.table.Columns, Rows: rows.Rows.Rows}
	subscribers := rows.Rows.Keys(m.t.parent.table.Order)[0]
	for _, c := range b.Columns {
		v := schema.NewVector(schema.String)
		if c.Name == child.ParentColumn {
			v = subscribers
		} else {
			for range b.Rows {
				v.AppendText([]byte(group))
			}
		}
		b.Vectors = append(b.Vectors, v)
	}
	mark := dataset.Mark{Walk: group + "?" + params.Encode(), Cursor: page.Cursor, End: page.Cursor == ""}
	if err := m.t.log.Append(&schema.Page{Rows: b, Dropped: rows.Dropped}, mark); err != nil {
		return err
	}
	m.rows += int64(b.Rows)
	m.pages++
	m.progress(false)
	return nil
}

// proveMembers asks for the subscribers of memberships that were not met: each must be gone, or list groups without it.
func (r *Run) proveMembers(ctx context.Context, t *tableRun) (why string, found bool, err error) {
	var ids []string
	index := map[string]int{}
	for _, key := range t.plan.sample {
		if _, ok := index[key[0]]; !ok {
			index[key[0]] = len(ids)
			ids = append(ids, key[0])
		}
	}
	answers, err := r.ask(ctx, t.parent, ids)
	if err != nil {
		return "", false, err
	}
	for _, key := range t.plan.sample {
		a := answers[index[key[0]]]
		if a.Data == nil {
			continue
		}
		page, err := r.decode(t.parent, []client.Answer{a})
		if err != nil {
			return "", false, fmt.Errorf("decode %s: %w", t.parent.table.Name, err)
		}
		groups := page.Child.Keys(t.table.Order)
		at := groups.Search(0, key)
		if page.Absent != nil || at < groups.Len() && groups.CompareKey(at, key) == 0 {
			return "a membership that was not listed is still there", false, nil
		}
	}
	return "", false, nil
}
