package tables

import (
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
)

// TestMeans holds the declarations to what they say for people: every column has a meaning, every meaning a column.
func TestMeans(t *testing.T) {
	for _, o := range []Options{{}, {CampaignContent: true}} {
		for _, table := range Catalog(o).Tables() {
			if !strings.HasSuffix(table.About, ".") {
				t.Errorf("%s: about %q is no sentence", table.Name, table.About)
			}
			for _, c := range table.Columns {
				if table.Means[c.Name] == "" {
					t.Errorf("%s.%s has no meaning", table.Name, c.Name)
				}
			}
			for name := range table.Means {
				if !slices.ContainsFunc(table.Columns, func(c schema.Column) bool { return c.Name == name }) {
					t.Errorf("%s: a meaning is given of the column %s, which does not exist", table.Name, name)
				}
			}
		}
	}
}

// unitless are number columns whose unit lies in another column.
var unitless = []string{"subscriber_field.value_number"}

// TestUnits: a meaning says the unit of times, rates, shares and amounts of money.
func TestUnits(t *testing.T) {
	for _, table := range Catalog(Options{CampaignContent: true}).Tables() {
		for _, c := range table.Columns {
			meaning := table.Means[c.Name]
			var units []string
			switch {
			case slices.Contains(unitless, table.Name+"."+c.Name):
			case c.Kind == schema.Timestamp:
				units = []string{"UTC"}
			case strings.HasSuffix(c.Name, "_float"):
				units = []string{"0 to 1"}
			case c.Kind == schema.Double:
				units = []string{"percent, 0 to 100", "in the shop's currency"}
			case c.Kind == schema.Int64 && strings.Contains(c.Name, "percent"):
				units = []string{"0 to 100"}
			}
			says := func(unit string) bool {
				return strings.Contains(meaning, unit) && (unit != "0 to 1" || !strings.Contains(meaning, "0 to 100"))
			}
			if len(units) > 0 && !slices.ContainsFunc(units, says) {
				t.Errorf("%s.%s: %q names no unit of %q", table.Name, c.Name, meaning, units)
			}
			if c.JSON && !strings.Contains(meaning, "JSON") {
				t.Errorf("%s.%s: %q does not say that it is JSON", table.Name, c.Name, meaning)
			}
		}
	}
}
