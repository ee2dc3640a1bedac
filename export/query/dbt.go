package query

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailerlake/schema"
)

// Sources are the sources of a dbt project.
type Sources struct {
	Text   string
	Tables []string
	Tests  int
}

// sourceName matches the names that a source can have.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// IsSourceName reports whether dbt sources can have a name.
func IsSourceName(name string) bool { return sourceName.MatchString(name) }

// DBT returns the tables of a dataset as dbt sources with a name, in the form of dbt 1.10.5 and later. dbt-duckdb reads them
// where the dataset is.
func DBT(d Dataset, name string) (Sources, error) {
	if strings.ContainsAny(d.Dir, "{}") {
		return Sources{}, fmt.Errorf("dbt cannot read %s: it takes braces for a template; move the dataset", d.Dir)
	}
	s := sources{name: name, dataset: d, tables: d.tables()}
	list := items{}
	for _, t := range s.tables {
		list = append(list, s.table(t))
	}
	account := "account " + d.Manifest.Account.ID
	if d.Manifest.Account.Name != "" {
		account += " (" + d.Manifest.Account.Name + ")"
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "# dbt sources for the MailerLite dataset in %s, written by %s.\n", line(d.Dir), text(d.Program))
	b.WriteString("# Write them anew with mailerlake dbt once the dataset was moved, has new tables or columns, or was exported with --rewrite.\n")
	b.WriteString("version: 2\nsources:")
	writeYAML(b, items{members{
		{"name", name},
		{"description", text("MailerLite " + account + ", exported by mailerlake")},
		{"tables", list},
	}}, "  ")
	return Sources{Text: b.String(), Tables: names(s.tables), Tests: s.tests}, nil
}

// sources collects what becomes the document.
type sources struct {
	name    string
	dataset Dataset
	tables  []table
	tests   int
}

func names(tables []table) (list []string) {
	for _, t := range tables {
		list = append(list, t.Name)
	}
	return list
}

// text makes a text for people: one line, in which dbt finds no template.
func text(s string) string {
	return strings.NewReplacer("{{", "{ {", "{%", "{ %", "{#", "{ #", "}}", "} }", "%}", "% }", "#}", "# }").Replace(line(s))
}

func (s *sources) table(t table) members {
	location := "read_parquet(" + literal(s.dataset.path(t.Name, "*.parquet")) + ", hive_partitioning = false)"
	m := members{
		{"name", t.Name},
		{"description", text(t.declared.About)},
		{"config", members{{"meta", members{{"external_location", location}}}}},
	}
	if tests := s.tableTests(t); len(tests) > 0 {
		m = append(m, member{"data_tests", tests})
	}
	columns := items{}
	for _, c := range t.Columns {
		columns = append(columns, s.column(t, c))
	}
	return append(m, member{"columns", columns})
}

// duckdbTypes are the types that DuckDB reads columns as.
var duckdbTypes = map[schema.Kind]string{schema.String: "VARCHAR", schema.Int64: "BIGINT", schema.Double: "DOUBLE",
	schema.Bool: "BOOLEAN", schema.Timestamp: "TIMESTAMP WITH TIME ZONE", schema.Date: "DATE"}

func (s *sources) column(t table, c schema.Column) members {
	m := members{{"name", c.Name}, {"description", text(t.meaning(c))}, {"data_type", duckdbTypes[c.Kind]}}
	tests := items{}
	if slices.Contains(t.Key, c.Name) {
		tests = append(tests, "not_null")
		if len(t.Key) == 1 {
			tests = append(tests, "unique")
		}
	}
	for _, ref := range t.declared.References {
		if ref.Column == c.Name && len(ref.Within) == 0 && s.testable(t, ref) {
			tests = append(tests, s.relationship(t, ref))
		}
	}
	s.tests += len(tests)
	if len(tests) > 0 {
		m = append(m, member{"data_tests", tests})
	}
	return m
}

// tableTests returns the tests of more than one column. dbt has none of its own, but takes an expression for a column.
func (s *sources) tableTests(t table) (tests items) {
	if len(t.Key) > 1 {
		tests = append(tests, members{{"unique", members{
			{"name", s.name + "_" + t.Name + "_key_is_unique"},
			{"arguments", members{{"column_name", row(t.Key)}}},
		}}})
	}
	for _, ref := range t.declared.References {
		if len(ref.Within) > 0 && s.testable(t, ref) {
			tests = append(tests, s.relationship(t, ref))
		}
	}
	s.tests += len(tests)
	return tests
}

func row(columns []string) string { return "row(" + strings.Join(columns, ", ") + ")" }

// parent returns the table that a reference leads to, nil if the dataset does not have it.
func (s *sources) parent(ref schema.Reference) *table {
	i := slices.IndexFunc(s.tables, func(t table) bool { return t.Name == ref.Table })
	if i < 0 {
		return nil
	}
	return &s.tables[i]
}

// testable reports whether a reference can be followed: the tables are there, with the columns, and no value is a token.
func (s *sources) testable(t table, ref schema.Reference) bool {
	to := s.parent(ref)
	return to != nil && len(to.Key) == len(ref.Within)+1 && t.hasAll(append(slices.Clone(ref.Within), ref.Column))
}

// relationship tests that a reference leads to rows. It only warns where it may lead nowhere for a while: loose references, and
// those out of a table that is read later in a run than the table that it refers to, and so may know newer rows.
func (s *sources) relationship(t table, ref schema.Reference) members {
	to := s.parent(ref)
	config := members{}
	if len(ref.Within) > 0 && !t.column(ref.Column).Required {
		config = append(config, member{"where", ref.Column + " is not null"}) // a row with a null in it is none
	}
	if ref.Loose || t.declared.FansOut() && !to.declared.FansOut() {
		config = append(config, member{"severity", "warn"})
	}
	field, arguments := to.Key[0], members{}
	if len(ref.Within) > 0 {
		field = row(to.Key)
		arguments = members{{"column_name", row(append(slices.Clone(ref.Within), ref.Column))}}
	}
	arguments = append(arguments, member{"to", fmt.Sprintf("source('%s', '%s')", s.name, to.Name)}, member{"field", field})
	test := members{{"name", s.name + "_" + t.Name + "_" + ref.Column + "_is_in_" + to.Name}, {"arguments", arguments}}
	if len(config) > 0 {
		test = append(test, member{"config", config})
	}
	return members{{"relationships", test}}
}
