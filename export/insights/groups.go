package insights

import (
	"bytes"
	"cmp"
	"context"
)

// shownGroups is how many groups a report lists.
const shownGroups = 15

func (r *reader) groups(ctx context.Context) error {
	t := tableOf(r.data, "group")
	if r.out.Groups.Absent = t.absent("name", "active_count"); r.out.Groups.Absent != "" {
		return nil
	}
	id, name, members, left := t.text("id"), t.text("name"), t.count("active_count"), t.count("unsubscribed_count")
	sent, opens, clicks := t.count("sent_count"), t.share("open_rate_float"), t.share("click_rate_float")
	top := best[Group]{n: shownGroups, compare: func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Active, a.Active), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	}}
	err := t.rows(ctx, func(row int) {
		r.out.Groups.Groups++
		g := Group{ID: string(id.text(row)), Name: string(name.text(row)), Active: members.int(row), Unsubscribed: left.int(row), Sent: sent.int(row)}
		if sent == nil || g.Sent > 0 {
			g.OpenRate, g.ClickRate = opens.pointer(row), clicks.pointer(row)
		}
		top.put(g)
	})
	if err != nil {
		return err
	}
	r.out.Groups.Top = append([]Group{}, top.kept...)
	return r.memberships(ctx)
}

// memberships counts memberships, and the subscribers who have one: the rows are in the order of subscribers.
func (r *reader) memberships(ctx context.Context) error {
	t := tableOf(r.data, "group_subscriber")
	if t.absent("subscriber_id") != "" || len(t.state.RowOrder()) == 0 || t.state.RowOrder()[0] != "subscriber_id" {
		return nil
	}
	subscriber := t.text("subscriber_id")
	var members, grouped int64
	var last []byte
	err := t.rows(ctx, func(row int) {
		members++
		if id := subscriber.text(row); grouped == 0 || !bytes.Equal(id, last) {
			grouped++
			last = append(last[:0], id...)
		}
	})
	r.out.Groups.Members, r.out.Groups.Grouped = &members, &grouped
	return err
}
