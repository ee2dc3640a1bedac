package export_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// standing is a table of an account, with a list for each row of another that is read only if that row has moved.
type standing struct {
	*wholeLake
	catalog *schema.Catalog
	table   *schema.Table
	list    *schema.List

	mu    sync.Mutex
	asked []string // paths of the table's lists since the last look
}

// TestStandingStill moves, in the account, each column that a table's declaration names, one by one: it alone makes the list
// of its row be read, and no other. All other columns together make none be read.
func TestStandingStill(t *testing.T) {
	catalog := tables.All()
	for _, table := range catalog.Tables() {
		list, ok := table.Source.(*schema.List)
		if !ok || len(list.Still) == 0 {
			continue
		}
		t.Run(table.Name, func(t *testing.T) {
			t.Parallel()
			s := &standing{wholeLake: newWhole(t, smallWhole), catalog: catalog, table: table, list: list}
			s.account.OnRequest(s.note)
			s.check(t)
		})
	}
}

func (s *standing) note(_ int, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path := strings.TrimPrefix(r.URL.Path, "/api"); isPathOf(s.list.Path, path) {
		s.asked = append(s.asked, path)
	}
}

// isPathOf reports whether a path is that of a list, with an id in place of the name in braces.
func isPathOf(pattern, path string) bool {
	before, rest, _ := strings.Cut(pattern, "{")
	_, after, _ := strings.Cut(rest, "}")
	id, ok := strings.CutPrefix(path, before)
	id, ok2 := strings.CutSuffix(id, after)
	return ok && ok2 && id != "" && !strings.Contains(id, "/")
}

// read exports the table and returns which of its lists were read.
func (s *standing) read(t *testing.T) []string {
	t.Helper()
	o := s.options(t)
	o.Catalog, o.Tables = s.catalog, []string{s.list.Per.Table, s.table.Name}
	if r := mustExport(t, o); r.Failed() {
		t.Fatalf("%+v", r.Tables)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := slices.Clone(s.asked)
	s.asked = nil
	slices.Sort(asked)
	return slices.Compact(asked)
}

func (s *standing) check(t *testing.T) {
	parent := s.catalog.Lookup(s.list.Per.Table)
	if all := s.read(t); len(all) == 0 {
		t.Fatal("the first run reads no list")
	}
	route := s.list.Path[:strings.Index(s.list.Path, "{")] + "{id}" + s.list.Path[strings.Index(s.list.Path, "}")+1:]
	before := s.account.RequestsTo(route)
	if again := s.read(t); len(again) > 0 || s.account.RequestsTo(route) != before {
		t.Fatalf("nothing moved, and read are %v", again)
	}
	ids := s.account.IDs(parent.Name)
	if s.list.Of != nil {
		ids = s.sent(t, parent.Name)
	}
	for i, column := range s.list.Still {
		id := ids[i%len(ids)]
		want := strings.ReplaceAll(route, "{id}", id)
		if column == "status" { // it is what says whether there is a list
			continue
		}
		s.move(t, parent, id, func(name string) bool { return name == column })
		if got := s.read(t); !slices.Equal(got, []string{want}) {
			t.Errorf("%s moved: read are %v, want %s", column, got, want)
		}
	}
	s.move(t, parent, ids[0], func(name string) bool {
		return !slices.Contains(s.list.Still, name) && !slices.Contains(parent.Key, name) && name != "status"
	})
	if got := s.read(t); len(got) > 0 {
		t.Errorf("all other columns moved, and read are %v", got)
	}
	if s.list.Of != nil {
		id := s.account.AddCampaign("New")
		if got := s.read(t); len(got) > 0 {
			t.Errorf("a draft: read are %v", got)
		}
		for s.account.SendCampaign(id) != "sent" {
		}
		if got := s.read(t); !slices.Equal(got, []string{strings.ReplaceAll(route, "{id}", id)}) {
			t.Errorf("sent: read are %v", got)
		}
	}
}

// sent returns the ids of the rows that have a list.
func (s *standing) sent(t *testing.T, table string) (ids []string) {
	t.Helper()
	for id, row := range s.truthOf(t, table) {
		if text, ok := row[s.list.Of.Column].(string); ok && slices.Contains(s.list.Of.Values, text) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// truthOf returns the records of a table by key.
func (s *standing) truthOf(t *testing.T, table string) map[string]map[string]any {
	t.Helper()
	return s.lake.truth(t, table)
}

// move changes the values of some columns in a row of the account.
func (s *standing) move(t *testing.T, parent *schema.Table, id string, which func(column string) bool) {
	t.Helper()
	record, moved := s.truthOf(t, parent.Name)[id], map[string]bool{}
	for _, c := range parent.Columns {
		if !which(c.Name) || c.Path == "" || strings.HasPrefix(c.Path, "{") {
			continue
		}
		path := strings.Split(c.Path, ".")
		object := record
		for _, name := range path[:len(path)-1] {
			object, _ = object[name].(map[string]any)
		}
		if object != nil {
			object[path[len(path)-1]] = other(c, object[path[len(path)-1]])
			moved[path[0]] = true
		}
	}
	if len(moved) == 0 {
		t.Fatal("the account has none of the columns")
	}
	for name := range moved {
		text, err := json.Marshal(record[name])
		if err != nil || !s.account.SetAttribute(parent.Name, id, name, string(text)) {
			t.Fatalf("%s cannot be set: %v", name, err)
		}
	}
}

// other returns another value for a column.
func other(c schema.Column, old any) any {
	switch c.Kind {
	case schema.Timestamp:
		if old == "2026-01-02 03:04:05" {
			return "2026-01-02 03:04:06"
		}
		return "2026-01-02 03:04:05"
	case schema.Bool:
		return old != true
	case schema.Int64:
		n, _ := old.(float64)
		return n + 1
	case schema.Double:
		n, _ := old.(float64)
		return n + 0.5
	}
	if c.JSON {
		if list, ok := old.([]any); ok && len(list) > 0 {
			if object, ok := list[0].(map[string]any); ok {
				object["name"] = "moved" + strconv.Itoa(len(list))
				return list
			}
		}
		return []any{"moved"}
	}
	text, _ := old.(string)
	return text + "x"
}
