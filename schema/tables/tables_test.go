package tables_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

var catalogs = map[string]*schema.Catalog{
	"plain": tables.All(), "with content": tables.Catalog(tables.Options{CampaignContent: true}),
}

// TestEveryColumnIsExplained: each table and each column has a meaning, and no meaning is left of a column that is gone.
func TestEveryColumnIsExplained(t *testing.T) {
	for name, catalog := range catalogs {
		for _, table := range catalog.Tables() {
			if table.About == "" {
				t.Errorf("%s: %s is not explained", name, table.Name)
			}
			var columns, explained []string
			for _, c := range table.Columns {
				columns = append(columns, c.Name)
			}
			for column, meaning := range table.Means {
				explained = append(explained, column)
				if meaning == "" || strings.TrimSpace(meaning) != meaning || len(meaning) > 120 {
					t.Errorf("%s.%s: meaning %q", table.Name, column, meaning)
				}
			}
			slices.Sort(columns)
			slices.Sort(explained)
			if d := cmp.Diff(columns, explained); d != "" {
				t.Errorf("%s: columns and meanings of %s differ (-columns +meanings):\n%s", name, table.Name, d)
			}
		}
	}
}

// TestUnitsAreSaid: whoever reads a column need not guess its unit.
func TestUnitsAreSaid(t *testing.T) {
	for _, table := range tables.All().Tables() {
		for _, c := range table.Columns {
			meaning, unit := table.Means[c.Name], ""
			switch {
			case c.Kind == schema.Timestamp:
				unit = "UTC"
			case strings.HasSuffix(c.Name, "_float"):
				unit = "0 to 1"
			case strings.HasSuffix(c.Name, "_rate"), strings.Contains(c.Name, "percent"):
				unit = "percent, 0 to 100"
			case strings.Contains(c.Name, "price"), strings.HasSuffix(c.Name, "cart_total"):
				unit = "shop's currency"
			case c.JSON:
				unit = "JSON"
			}
			if c.Name == "percent" {
				unit = "percent, 0 to 100"
			}
			if !strings.Contains(strings.ReplaceAll(meaning, "percentage, 0", "percent, 0"), unit) {
				t.Errorf("%s.%s: %q does not say %q", table.Name, c.Name, meaning, unit)
			}
		}
	}
}

// TestReferences: each column that holds the id of a row of a table is declared to refer to it, by the whole key of that
// table.
func TestReferences(t *testing.T) {
	// These hold ids of what is no table, or of the table of accounts.
	others := []string{"account_id", "emailable_id", "email_id", "settings_groot_id", "automation_template_id", "subject_id", "cart_id"} // of an order: the cart may not be listed any more
	for _, catalog := range catalogs {
		for _, table := range catalog.Tables() {
			for _, ref := range table.References {
				to := catalog.Lookup(ref.Table)
				if len(ref.Within)+1 != len(to.Key) {
					t.Errorf("%s.%s refers to %s by %d columns of %d", table.Name, ref.Column, to.Name, len(ref.Within)+1, len(to.Key))
				}
			}
			for _, c := range table.Columns {
				refers := slices.ContainsFunc(table.References, func(r schema.Reference) bool { return r.Column == c.Name })
				if strings.HasSuffix(c.Name, "_id") && !refers && !slices.Contains(others, c.Name) {
					t.Errorf("%s.%s refers to no table", table.Name, c.Name)
				}
			}
		}
	}
}

// TestKeys: the names and keys that others rely on.
func TestKeys(t *testing.T) {
	want := map[string]string{
		"subscriber": "id", "group": "id", "group_subscriber": "group_id subscriber_id", "field": "id", "campaign": "id",
		"account": "id", "campaign_email": "id", "campaign_activity": "campaign_id id", "segment": "id", "segment_subscriber": "segment_id subscriber_id",
		"form": "id", "form_subscriber": "form_id subscriber_id", "automation": "id", "automation_step": "id", "automation_trigger": "id",
		"automation_activity": "automation_id id", "webhook": "id", "import": "id", "subscriber_field": "subscriber_id field_id",
		"subscriber_activity": "subscriber_id log_name id", "timezone": "id", "campaign_language": "id", "shop": "id", "product": "shop_id id",
		"category": "shop_id id", "category_product": "shop_id category_id product_id", "customer": "shop_id id", "order": "shop_id id",
		"order_item": "shop_id order_id id", "cart": "shop_id id", "cart_item": "shop_id cart_id id",
	}
	for name, catalog := range catalogs {
		got, core := map[string]string{}, []string(nil)
		for _, table := range catalog.Tables() {
			got[table.Name] = strings.Join(table.Key, " ")
			if table.Core {
				core = append(core, table.Name)
			}
			if optional := !table.Core && table.Name != "account"; table.Optional != optional {
				t.Errorf("%s: %s is optional: %t", name, table.Name, table.Optional)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if want := []string{"subscriber", "group", "group_subscriber", "field", "campaign"}; !cmp.Equal(core, want) {
			t.Errorf("%s: core %v", name, core)
		}
	}
}

// TestPerRow: the tables that take a list for each row of another.
func TestPerRow(t *testing.T) {
	got := map[string]string{}
	for _, table := range tables.Catalog(tables.Options{CampaignContent: true}).Tables() {
		if of := table.PerRow(); of != nil {
			got[table.Name] = of.Name
		}
	}
	want := map[string]string{"subscriber_activity": "subscriber", "segment_subscriber": "segment", "form_subscriber": "form", "campaign_email": "campaign",
		"campaign_activity": "campaign", "automation_activity": "automation", "product": "shop", "category": "shop", "customer": "shop", "order": "shop", "cart": "shop"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestActivityWalks: one walk meets all recipients, and one for each type marks a column.
func TestActivityWalks(t *testing.T) {
	table := tables.All().Lookup("campaign_activity")
	var got []string
	for _, w := range table.Source.(*schema.List).EachWalk() {
		got = append(got, strings.Join([]string{w.Marks, w.Counted, w.Params.Encode()}, " "))
	}
	want := []string{"  include=subscriber"}
	for _, x := range []string{"opened opened", "clicked clicked", "unsubscribed unsubscribed", "forwarded forwarded", "hard_bounced hardbounced",
		"soft_bounced softbounced", "junk junk"} {
		want = append(want, x+" filter%5Btype%5D="+strings.Fields(x)[1]+"&include=subscriber")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if paths := table.MarkPaths(); len(paths) != 7 || paths[4] != "{hard_bounced}" {
		t.Errorf("marks %v", paths)
	}
}

// TestContentChangesNothingElse: a dataset can be exported with and without content by turns: the columns stay.
func TestContentChangesNothingElse(t *testing.T) {
	plain, content := catalogs["plain"].Lookup("campaign_email"), catalogs["with content"].Lookup("campaign_email")
	without, _ := schema.Fix(plain, nil, nil, nil)
	with, added := schema.Fix(content, without.Columns, nil, nil)
	if len(added) != 2 || added[0].Name != "content" || added[1].Name != "click_map" {
		t.Errorf("content adds %v", added)
	}
	again, added := schema.Fix(plain, with.Columns, nil, nil)
	if len(added) != 0 || !slices.Equal(again.Columns, with.Columns) {
		t.Errorf("without content again: %v added", added)
	}
	if plain.Fingerprint() == content.Fingerprint() {
		t.Error("page logs of one would be used for the other")
	}
}

// TestAmountsInStoredText: in a dataset whose amounts are text they stay text, now as the number is written.
func TestAmountsInStoredText(t *testing.T) {
	table := tables.All().Lookup("campaign")
	fresh, _ := schema.Fix(table, nil, nil, nil)
	stored := slices.Clone(fresh.Columns)
	at := slices.IndexFunc(stored, func(c schema.Column) bool { return c.Name == "ecommerce_stats_total_price" })
	if stored[at].Kind != schema.Double {
		t.Fatalf("a new dataset has %v", stored[at])
	}
	stored[at].Kind = schema.String
	layout, added := schema.Fix(table, stored, nil, nil)
	rows := layout.Convert(decode(t, table, `[{"id":"1","emails":[],"ecommerce_stats":{"total_price":"12.50"}}]`).Rows)
	if len(added) > 0 || !slices.Equal(layout.Columns, stored) || string(rows.Vectors[at].Text(0)) != "12.5" {
		t.Errorf("%v added, column %v, value %s", added, layout.Columns[at], rows.Vectors[at].Text(0))
	}
}
