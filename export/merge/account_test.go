package merge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// object is a JSON object; sent are all its attributes by path, those of inner objects too, where it has them.
type object = map[string]any

// account is what the API would return: things by id, their visits by id, and who has which loose row.
type account struct {
	r      *rand.Rand
	things map[string]object
	loose  map[string]string            // id -> thing
	visits map[string]map[string]object // by thing
	fields int
}

func (a *account) id() string {
	return strconv.Itoa(1 + a.r.IntN([]int{9, 60, 250}[a.r.IntN(3)]))
}

// value returns a value that may be absent (nothing), null, fitting, or not fitting a number.
func (a *account) put(o object, name string) {
	switch a.r.IntN(9) {
	case 0:
	case 1:
		o[name] = nil
	case 2:
		o[name] = "x" + a.id()
	default:
		o[name] = a.r.IntN(3)
	}
}

func (a *account) object(names ...string) object {
	o := object{}
	for _, name := range names {
		a.put(o, name)
	}
	return o
}

// thing makes a thing without its loose rows.
func (a *account) thing(id string) object {
	o := a.object("name", "n")
	o["id"] = id
	o["updated_at"] = fmt.Sprintf("2024-01-01 00:00:%02d", a.r.IntN(60))
	if a.r.IntN(5) > 0 {
		o["obj"] = a.object("a", "b")
	} else if a.r.IntN(2) == 0 {
		o["obj"] = nil
	}
	if a.r.IntN(5) > 0 {
		fields := object{}
		for i := range a.fields {
			a.put(fields, fmt.Sprintf("f%d", i))
		}
		if len(fields) > 0 { // an empty object tells of no field
			o["fields"] = fields
		}
	}
	if a.r.IntN(5) > 0 {
		o["kids"] = a.children()
	}
	return o
}

func (a *account) children() []any {
	list := []any{}
	seen := map[string]bool{}
	for range a.r.IntN(4) {
		kid := a.object("size")
		kid["id"], kid["ref"] = strconv.Itoa(1+a.r.IntN(12)), strconv.Itoa(a.r.IntN(5))
		if !seen[kid["id"].(string)] {
			seen[kid["id"].(string)] = true
			list = append(list, kid)
		}
	}
	return list
}

// change adds, changes and deletes things.
func (a *account) change() {
	for range a.r.IntN(40) {
		switch id := a.id(); a.r.IntN(4) {
		case 0:
			delete(a.things, id)
			delete(a.visits, id)
		default:
			a.things[id] = a.thing(id)
		}
		a.loose[a.id()] = a.id()
		delete(a.loose, a.id())
	}
	if a.r.IntN(3) == 0 {
		a.fields++
	}
	for _, id := range slices.Sorted(maps.Keys(a.things)) {
		list := []any{}
		for _, loose := range slices.Sorted(maps.Keys(a.loose)) {
			if a.loose[loose] == id {
				o := a.object("size")
				o["id"], o["ref"] = loose, strconv.Itoa(a.r.IntN(5))
				list = append(list, o)
			}
		}
		if a.things[id]["loose"] = list; a.r.IntN(6) == 0 {
			delete(a.things[id], "loose")
		}
		if a.visits[id] == nil || a.r.IntN(4) == 0 {
			a.visits[id] = map[string]object{}
			for range a.r.IntN(8) {
				visit := a.object("n")
				visit["id"], visit["ref"] = strconv.Itoa(a.r.IntN(30)), strconv.Itoa(a.r.IntN(5))
				a.visits[id][visit["id"].(string)] = visit
			}
		}
	}
}

// scan is what a scan of the things met: the records that count, and the log.
type scan struct {
	log *pagelog.Log
	met map[string]object
	had map[string]bool // paths that some record had
}

// scan reads most of the things, some of them twice, in pages that overlap, and leaves out some attributes.
func (a *account) scan(t testing.TB) *scan {
	table := catalog.Lookup("thing")
	s := &scan{newLog(t, table), map[string]object{}, map[string]bool{}}
	var never []string
	for _, name := range []string{"name", "n", "obj", "updated_at"} {
		if a.r.IntN(8) == 0 {
			never = append(never, name)
		}
	}
	ids := slices.Sorted(maps.Keys(a.things))
	if a.r.IntN(2) == 0 {
		slices.SortFunc(ids, func(x, y string) int { return schema.Key{y}.Compare(schema.Key{x}) })
	}
	for len(ids) > 0 {
		n := min(len(ids), 1+a.r.IntN(80))
		again := min(n-1, a.r.IntN(3)) // are sent again, in another version
		page := []any{}
		for i, id := range ids[:n] {
			if i >= n-again || a.r.IntN(10) == 0 {
				page = append(page, s.meet(a.thing(id), never))
			}
			if i < n-again && a.r.IntN(20) > 0 {
				page = append(page, s.meet(maps.Clone(a.things[id]), never))
			}
		}
		appendPage(t, s.log, table, page)
		ids = ids[n-again:]
	}
	return s
}

// meet notes a record without some attributes and returns it.
func (s *scan) meet(o object, never []string) object {
	for _, name := range never {
		delete(o, name)
	}
	s.met[o["id"].(string)] = o
	for path := range flat("", o) {
		s.had[path] = true
	}
	return o
}

// flat returns the attributes of an object that are no objects or arrays, by path.
func flat(at string, o object) map[string]any {
	all := map[string]any{}
	for name, v := range o {
		switch v := v.(type) {
		case object:
			maps.Copy(all, flat(at+name+".", v))
		case []any:
		default:
			all[at+name] = v
		}
	}
	return all
}
