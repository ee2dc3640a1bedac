package scan

import (
	"context"
	"slices"

	"mailerlake/schema"
)

// Tables are read in an order in which what they say about each other fits together: a parent before its rows' lists,
// and a table that others refer to, or whose rows define their columns, after these, so that it knows whatever they
// name.

// ordered arranges tables so that each comes after those it waits for. A cycle of references is broken at any point.
func ordered(c *schema.Catalog) []*schema.Table {
	var order []*schema.Table
	left := c.Tables()
	for len(left) > 0 {
		waits := func(needed func(t, other *schema.Table) bool) func(*schema.Table) bool {
			return func(t *schema.Table) bool {
				return !slices.ContainsFunc(left, func(other *schema.Table) bool { return other != t && needed(t, other) })
			}
		}
		next := slices.IndexFunc(left, waits(comesAfter))
		if next < 0 {
			next = max(0, slices.IndexFunc(left, waits(needs)))
		}
		order = append(order, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return order
}

// needs reports whether a table cannot be read without another.
func needs(t, other *schema.Table) bool { return t.Parent() == other }

// comesAfter reports whether a table should be read after another.
func comesAfter(t, other *schema.Table) bool {
	if needs(t, other) {
		return true
	}
	for above := other.Parent(); above != nil; above = above.Parent() {
		if above == t {
			return false
		}
	}
	refers := func(r schema.Reference) bool { return r.Table == t.Name }
	return slices.ContainsFunc(other.References, refers) || other.Open != nil && other.Open.DefinedBy == t.Name
}

// beginsEarly reports whether a table may be read while the tables that it comes after still are: its list is in the order of
// time, so that what is added meanwhile is met by looking once more at its top. That look has to wait.
func beginsEarly(t *schema.Table) bool {
	list, ok := t.Source.(*schema.List)
	return ok && list.Per == nil && list.Paging == schema.ByCursor
}

// wait waits for the wanted scans that a table comes after.
func (s *Scanner) wait(ctx context.Context, t *schema.Table) error {
	for _, other := range s.order {
		if other == t {
			return nil
		}
		owner := ownerOf(other)
		if owner == t || !s.wanted[other.Name] || !comesAfter(t, other) {
			continue
		}
		if _, err := s.scanned(ctx, owner); err != nil {
			return err
		}
	}
	return nil
}

// ownerOf returns the table whose log usually holds a table's rows.
func ownerOf(t *schema.Table) *schema.Table {
	for {
		if _, list := t.Source.(*schema.List); list || t.Parent() == nil {
			return t
		}
		t = t.Parent()
	}
}
