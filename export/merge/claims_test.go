package merge_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailerlake/export/merge"
	"mailerlake/schema"
)

// claims returns what a scan of the account says of each table.
func (a *account) claims(t testing.TB, s *scan) map[string]claim {
	deleted := a.r.IntN(2) == 0
	gone := map[string]map[string]bool{}
	if a.r.IntN(2) == 0 {
		for _, column := range []string{"kids_ref", "loose_ref", "ref"} {
			gone[column] = map[string]bool{"1": true, "3": true}
		}
	}
	inRows := func(name string, absent int) merge.Parents {
		return merge.InRows(s.log, catalog.Lookup(name), absent, deleted, merge.GoneParents{})
	}
	return map[string]claim{
		"thing": a.claimThings(s),
		"kid": {log: s.log, gone: gone, parents: inRows("kid", 2), rows: s.children("kids", gone["ref"], func(thing, id string) string { return name(schema.Key{thing, id}) }),
			standing: s.standing("kids", "thing_id", deleted), missing: s.missingIn("kid", "kids.size")},
		"loose": {log: s.log, gone: gone, extract: true, parents: inRows("loose", 3), rows: s.children("loose", gone["ref"], func(_, id string) string { return name(schema.Key{id}) }),
			standing: s.standing("loose", "thing_id", deleted), missing: s.missingIn("loose", "loose.size")},
		"tag":   {log: s.log, parents: inRows("tag", 1), rows: s.tags(), standing: s.standing("fields", "thing_id", deleted)},
		"visit": a.claimVisits(t, gone),
	}
}

func (a *account) claimThings(s *scan) claim {
	c := claim{log: s.log, rows: map[string]claimed{}, missing: map[string]bool{},
		standing: func(string, row) merge.Standing { return merge.Read }}
	for _, column := range catalog.Lookup("thing").Columns {
		c.missing[column.Path] = !s.had[column.Path] && len(s.met) > 0
	}
	maps.DeleteFunc(c.missing, func(_ string, missing bool) bool { return !missing })
	for id, o := range s.met {
		record := claimed{values: flat("", o)}
		for _, name := range []string{"obj", "fields"} {
			if o[name] == nil {
				record.lacks = append(record.lacks, name)
				delete(record.values, name)
			}
		}
		if at, ok := record.values["updated_at"].(string); ok {
			record.values["updated_at"] = strconv.Itoa(1704067200000000 + 1000000*int(at[17]-'0')*10 + 1000000*int(at[18]-'0'))
		}
		c.rows[name(schema.Key{id})] = record
	}
	return c
}

// children returns the rows of an array.
func (s *scan) children(array string, gone map[string]bool, key func(thing, id string) string) map[string]claimed {
	rows := map[string]claimed{}
	for id, o := range s.met {
		list, _ := o[array].([]any)
		for _, e := range list {
			child := e.(object)
			if gone[child["ref"].(string)] {
				continue
			}
			values := map[string]any{"{thing_id}": id}
			for name, v := range child {
				values[array+"."+name] = v
			}
			rows[key(id, child["id"].(string))] = claimed{values: values}
		}
	}
	return rows
}

// missingIn returns the path of an attribute if no object of an array had it, in any page.
func (s *scan) missingIn(table, path string) map[string]bool {
	if s.log.ChildMissing(catalog.Lookup(table).Child())[path] {
		return map[string]bool{path: true}
	}
	return map[string]bool{}
}

// standing returns what is known about rows that come in an attribute of their parent.
func (s *scan) standing(attribute, column string, deleted bool) func(string, row) merge.Standing {
	return func(_ string, r row) merge.Standing {
		parent, met := s.met[r.values["{"+column+"}"]]
		_, has := parent[attribute]
		switch {
		case met && has, !met && deleted:
			return merge.Read
		}
		return merge.Unknown
	}
}

func (s *scan) tags() map[string]claimed {
	rows := map[string]claimed{}
	for id, o := range s.met {
		fields, _ := o["fields"].(object)
		for field, v := range fields {
			if v != nil {
				raw, _ := json.Marshal(v)
				rows[name(schema.Key{id, field})] = claimed{values: map[string]any{"{thing_id}": id, "name": field, "value": string(raw)}}
			}
		}
	}
	return rows
}

// walks says for which things the visits were read.
type walks map[string]merge.Standing

func (w walks) Standing(_ context.Context, parent schema.Key) (merge.Standing, error) {
	return w[parent[0]], nil
}

// claimVisits reads the visits of some things whole, of some in part, and of others not at all.
func (a *account) claimVisits(t testing.TB, gone map[string]map[string]bool) claim {
	table, walked := catalog.Lookup("visit"), walks{}
	c := claim{log: newLog(t, table), rows: map[string]claimed{}, parents: walked, gone: gone,
		standing: func(_ string, r row) merge.Standing { return walked[r.values["{thing_id}"]] }}
	for i := range 250 {
		walked[strconv.Itoa(i)] = merge.Standing(a.r.IntN(3))
	}
	for _, thing := range slices.Sorted(maps.Keys(a.visits)) {
		if walked[thing] == merge.Outside && a.r.IntN(3) > 0 {
			continue
		}
		var page []any
		for _, id := range slices.Sorted(maps.Keys(a.visits[thing])) {
			visit := a.visits[thing][id]
			if walked[thing] != merge.Read && a.r.IntN(3) == 0 {
				continue
			}
			if page = append(page, visit); gone["ref"][visit["ref"].(string)] {
				continue
			}
			values := maps.Clone(visit)
			values["{thing_id}"] = thing
			c.rows[name(schema.Key{thing, id})] = claimed{values: values}
		}
		if page != nil {
			appendPage(t, c.log, table, page, thing)
		}
	}
	c.missing = map[string]bool{}
	for path := range c.log.Missing() {
		if !strings.HasPrefix(path, "{") {
			c.missing[path] = true
		}
	}
	return c
}
