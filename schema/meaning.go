package schema

import "strings"

// Meaning says what a column of the table holds, for people. The column may be one that the table does not declare.
func (t *Table) Meaning(c Column) string {
	switch {
	case c.Path == "" && c.Name == Rescued:
		return "values that do not fit their columns, JSON object by API path; mostly null"
	case c.Path == "" && c.Name == SyncedAt:
		return "when this version of the row was first exported, UTC"
	case t.Means[c.Name] != "":
		return t.Means[c.Name]
	case t.Open != nil && strings.HasPrefix(c.Path, t.Open.Object+"."):
		return "value of the " + t.Open.DefinedBy + " " + strings.TrimPrefix(c.Path, t.Open.Object+".")
	}
	return "as MailerLite sends it; this version of mailerlake does not know it"
}
