package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mailerlake/export/dataset"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// whole describes a dataset with all tables, as they are declared.
func whole(t *testing.T) Dataset {
	t.Helper()
	m := &dataset.Manifest{Format: dataset.Format, Snapshot: 7, Account: dataset.Account{ID: "4711", Name: "Söhne"}}
	for _, declared := range tables.All().Tables() {
		layout, _ := schema.Fix(declared, nil, nil, nil)
		m.Put(dataset.TableState{Name: declared.Name, Key: declared.Key, Columns: layout.Columns})
	}
	return Dataset{Dir: "/data/lake", Manifest: m, Catalog: tables.All(), Program: "mailerlake v1"}
}

// only leaves tables in a dataset.
func (d Dataset) only(names ...string) Dataset {
	m := d.Manifest.Clone()
	m.Tables = slices.DeleteFunc(m.Tables, func(t dataset.TableState) bool { return !slices.Contains(names, t.Name) })
	d.Manifest = m
	return d
}

// without takes a column out of a dataset.
func (d Dataset) without(table, column string) Dataset {
	m := d.Manifest.Clone()
	state := m.Table(table)
	state.Columns = slices.DeleteFunc(state.Columns, func(c schema.Column) bool { return c.Name == column })
	d.Manifest = m
	return d
}

// hashing has columns of a dataset hashed.
func (d Dataset) hashing(columns ...string) Dataset {
	m := d.Manifest.Clone()
	m.Privacy = &dataset.Privacy{Hash: columns}
	d.Manifest = m
	return d
}

func namesOf(all []Macro) (list []string) {
	for _, m := range all {
		list = append(list, m.Name)
	}
	return list
}

// TestNamesAreDistinct: no view that the script makes replaces another, whatever tables a dataset has.
func TestNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for l := range strings.Lines(DuckDB(whole(t)).Text) {
		l, ok := strings.CutPrefix(l, "CREATE OR REPLACE ")
		if !ok {
			continue
		}
		name := strings.FieldsFunc(l, func(r rune) bool { return r == ' ' || r == '(' })[1]
		if seen[name] {
			t.Errorf("%s is made twice", name)
		}
		seen[name] = true
	}
	for _, name := range []string{`"group"`, "ml_group", `"order"`, "ml_order", "ml_now", "ml_help", "ml_churn_by_month"} {
		if !seen[name] {
			t.Errorf("the script does not make %s", name)
		}
	}
}

// TestMacrosNeedTheirColumns: a macro is there exactly as long as every column that it reads is.
func TestMacrosNeedTheirColumns(t *testing.T) {
	d := whole(t)
	if got := len(DuckDB(d).Macros); got != len(macros) {
		t.Fatalf("a dataset with all tables has %d macros, want %d", got, len(macros))
	}
	for _, m := range macros {
		for table, columns := range m.Needs() {
			for _, column := range columns {
				for how, less := range map[string]Dataset{"dropped": d.without(table, column), "hashed": d.hashing(table + "." + column)} {
					if s := DuckDB(less); slices.Contains(namesOf(s.Macros), m.Name) || strings.Contains(s.Text, m.Name+"(") {
						t.Errorf("%s is there although %s.%s is %s", m.Name, table, column, how)
					}
				}
				if !strings.Contains(m.query, column) || !strings.Contains(m.query, prefix+table) {
					t.Errorf("%s says that it needs %s.%s, and does not read it", m.Name, table, column)
				}
			}
		}
	}
}

// TestFewTables: what a dataset does not have is not named.
func TestFewTables(t *testing.T) {
	d := whole(t)
	core := DuckDB(d.only("subscriber", "group", "group_subscriber", "field", "campaign"))
	for _, absent := range []string{"ml_order", "ml_campaign_activity", "ml_revenue_by_month"} {
		if strings.Contains(core.Text, absent) {
			t.Errorf("the core tables lead to %s", absent)
		}
	}
	for _, present := range []string{"ml_group_growth", "ml_campaign_ranking", "ml_churn_by_month", "ml_never_opened"} {
		if !slices.Contains(namesOf(core.Macros), present) {
			t.Errorf("the core tables do not lead to %s", present)
		}
	}
	none := DuckDB(d.only())
	if len(none.Tables) != 0 || !strings.Contains(none.Text, "MACRO ml_now() AS (SELECT committed_at FROM ml_dataset)") {
		t.Errorf("without tables: %v\n%s", none.Tables, none.Text)
	}
	s, err := DBT(d.only(), "mailerlake")
	if err != nil || s.Tests != 0 {
		t.Fatalf("without tables: %d tests, %v", s.Tests, err)
	}
	parse(t, s.Text)
}

// TestHashedInAllWords: a column may have been hashed by its path or with all of its object.
func TestHashedInAllWords(t *testing.T) {
	d := whole(t)
	m := d.Manifest.Clone()
	m.Table("subscriber").Columns = append(m.Table("subscriber").Columns, schema.Column{Name: "fields_Company", Kind: schema.String, Path: "fields.company"})
	d.Manifest = m
	for _, words := range []string{"subscriber.fields_company", "subscriber.fields.company", "subscriber.fields"} {
		if !strings.Contains(DuckDB(d.hashing(words)).Text, `"subscriber"."fields_Company" IS 'token in place of: value of the field company';`) {
			t.Errorf("%s does not hash fields_Company", words)
		}
	}
	if strings.Contains(DuckDB(d.hashing("subscriber.field", "group.fields")).Text, "token in place") {
		t.Error("another name hashes a column")
	}
}

// document is what tests read of sources.
type document struct {
	Version int
	Sources []struct {
		Name, Description string
		Tables            []struct {
			Name, Description string
			Config            struct {
				Meta struct {
					Location string `yaml:"external_location"`
				}
			}
			Tests   []yaml.Node `yaml:"data_tests"`
			Columns []struct {
				Name, Description string
				Type              string      `yaml:"data_type"`
				Tests             []yaml.Node `yaml:"data_tests"`
			}
		}
	}
}

func parse(t *testing.T, text string) document {
	t.Helper()
	var d document
	in := yaml.NewDecoder(strings.NewReader(text))
	in.KnownFields(true)
	if err := in.Decode(&d); err != nil {
		t.Fatalf("not YAML: %v\n%s", err, text)
	}
	if len(d.Sources) != 1 || d.Version != 2 {
		t.Fatalf("version %d with %d sources", d.Version, len(d.Sources))
	}
	return d
}

// TestSources reads the sources of all tables with a YAML parser: every column with its meaning, every key and every reference
// with its test.
func TestSources(t *testing.T) {
	d := whole(t)
	s, err := DBT(d, "mail")
	if err != nil {
		t.Fatal(err)
	}
	source, seen := parse(t, s.Text).Sources[0], 0
	if source.Name != "mail" || len(source.Tables) != len(d.Manifest.Tables) {
		t.Fatalf("source %s of %d tables, want mail of %d", source.Name, len(source.Tables), len(d.Manifest.Tables))
	}
	for _, table := range source.Tables {
		declared := tables.All().Lookup(table.Name)
		seen += len(table.Tests)
		if want := fmt.Sprintf("read_parquet('/data/lake/%s/*.parquet', hive_partitioning = false)", table.Name); table.Config.Meta.Location != want || table.Description != declared.About {
			t.Errorf("%s: location %s, description %s", table.Name, table.Config.Meta.Location, table.Description)
		}
		for i, c := range table.Columns {
			seen += len(c.Tests)
			if want := d.Manifest.Table(table.Name).Columns[i]; c.Name != want.Name || c.Description != declared.Meaning(want) || c.Type != duckdbTypes[want.Kind] || c.Type == "" {
				t.Errorf("%s.%s: %+v", table.Name, want.Name, c)
			}
		}
	}
	keys, references := 0, 0
	for _, declared := range tables.All().Tables() {
		keys += len(declared.Key) + 1
		references += len(declared.References)
	}
	if seen != s.Tests || seen != keys+references {
		t.Errorf("%d tests in the document, %d counted, want %d of keys and %d of references", seen, s.Tests, keys, references)
	}
}

// TestTests pins how tests of each kind are written.
func TestTests(t *testing.T) {
	s, err := DBT(whole(t), "mailerlake")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`
          - unique:
              name: mailerlake_order_item_key_is_unique
              arguments:
                column_name: "row(shop_id, order_id, id)"
`, `
          - relationships:
              name: mailerlake_order_item_product_id_is_in_product
              arguments:
                column_name: "row(shop_id, product_id)"
                to: "source('mailerlake', 'product')"
                field: "row(shop_id, id)"
              config:
                where: "product_id is not null"
`, `
              - relationships:
                  name: mailerlake_group_subscriber_group_id_is_in_group
                  arguments:
                    to: "source('mailerlake', 'group')"
                    field: id
`, `
              - relationships:
                  name: mailerlake_campaign_activity_subscriber_id_is_in_subscriber
                  arguments:
                    to: "source('mailerlake', 'subscriber')"
                    field: id
                  config:
                    severity: warn
`} {
		if !strings.Contains(s.Text, want) {
			t.Errorf("the sources lack%s", want)
		}
	}
}

// TestUntestable: a reference is not tested where its column is hashed, or the dataset does not have what it leads to.
func TestUntestable(t *testing.T) {
	d := whole(t)
	for name, d := range map[string]Dataset{"hashed": d.hashing("customer.subscriber_id"), "dropped": d.without("customer", "subscriber_id"),
		"not exported": d.only("customer", "shop")} {
		s, err := DBT(d, "mailerlake")
		if err != nil || strings.Contains(s.Text, "customer_subscriber_id_is_in") || !strings.Contains(s.Text, "customer_shop_id_is_in_shop") {
			t.Errorf("%s: %v\n%.2000s", name, err, s.Text)
		}
	}
}

// hostile are names and texts that end whatever they are written into, if they can.
var hostile = []string{"it's", `a"b`, "x'); DROP TABLE y; --", "line\nbreak", "\u2028\u0085\x1b[0m\x00", "{{ 1/0 }}", "{% raw %}", "{# note", "yes", "null", "~", "- x: y", "#", "é🖤", "\xff", ": ", "*", "&a", "!!x"}

// TestHostileText: nothing that an account holds can leave the place that it is written into.
func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		d := whole(t).only("subscriber")
		d.Manifest.Account = dataset.Account{ID: text, Name: text}
		d.Program = "mailerlake " + text
		m := d.Manifest.Table("subscriber")
		m.Columns = append(m.Columns, schema.Column{Name: "fields_" + text, Kind: schema.String, Path: "fields." + text})
		d.Dir = "/data/" + strings.NewReplacer("{", "", "}", "").Replace(text)
		head, _, _ := strings.Cut(DuckDB(d).Text, "\n\n")
		for l := range strings.Lines(head) {
			if !strings.HasPrefix(l, "--") || strings.ContainsAny(l, "\x00\u2028") {
				t.Errorf("%q: a line of the comment is %q", text, l)
			}
		}
		s, err := DBT(d, "mailerlake")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		columns := parse(t, s.Text).Sources[0].Tables[0].Columns
		if last := columns[len(columns)-1]; !strings.HasPrefix(last.Description, "value of the field ") || strings.ContainsAny(last.Description, "\n\x00\u2028") {
			t.Errorf("%q: column %+v", text, last)
		}
		for _, template := range []string{"{{", "{%", "{#"} {
			if before, _, found := strings.Cut(s.Text, template); found && !strings.HasSuffix(before, `name: "fields_`) {
				t.Errorf("%q: dbt finds a template", text)
			}
		}
	}
}

// TestScalars: a parser reads every string as it was written.
func TestScalars(t *testing.T) {
	for _, text := range append([]string{"", "a", "n", "on", "0x1f", "1e3", "_x", "2026-01-01", "\ufeff", "\u00a0", "tab\t"}, hostile...) {
		b := &strings.Builder{}
		writeYAML(b, items{members{{"a", text}, {"b", items{text}}}}, "")
		var got []struct {
			A string
			B []string
		}
		want := strings.ToValidUTF8(text, "ÿ")
		if err := yaml.Unmarshal([]byte(b.String()), &got); err != nil || len(got) != 1 || got[0].A != want || len(got[0].B) != 1 || got[0].B[0] != want {
			t.Errorf("%q: got %q, %v of\n%s", text, got, err, b)
		}
	}
}

// TestPaths: the path of a dataset is a pattern for itself alone, and dbt does not take it for a template.
func TestPaths(t *testing.T) {
	d := whole(t).only("group")
	d.Dir = "/it's here/[a]*?"
	if want := `'/it''s here/[[]a][*][?]/group/*.parquet'`; !strings.Contains(DuckDB(d).Text, want) {
		t.Errorf("the script lacks %s:\n%s", want, DuckDB(d).Text)
	}
	if d.Dir = "/"; !strings.Contains(DuckDB(d).Text, "'/group/*.parquet'") {
		t.Error("a dataset in the root is not found")
	}
	d.Dir = "/{name}"
	if _, err := DBT(d, "mailerlake"); err == nil || !strings.Contains(err.Error(), "braces") {
		t.Errorf("a path with braces: %v", err)
	}
	for name, want := range map[string]bool{"mailerlake": true, "mail_2": true, "": false, "Mail": false, "a'b": false, "a b": false, "2x": false} {
		if IsSourceName(name) != want {
			t.Errorf("%q is a name of a source: %v", name, !want)
		}
	}
}
