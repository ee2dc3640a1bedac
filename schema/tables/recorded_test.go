package tables_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// recordings says which recorded answers hold records of which table.
var recordings = map[string]string{
	"account": `account_get`, "automation": `automations_(list|get)`, "automation_activity": `automation_activity_list`,
	"campaign": `campaigns_(list|get)`, "campaign_activity": `campaign_subscriber_activity_(get|post)`, "campaign_language": `campaign_languages_list`,
	"cart": `ecommerce_carts_list`, "category_product": `ecommerce_category_products_list`, "customer": `ecommerce_customers_list`,
	"field": `fields_list`, "form": `forms_(list|get)`, "form_subscriber": `form_subscribers_list`, "group": `groups_list`,
	"group_subscriber": `group_subscribers_list`, "import": `imports_get`, "order": `ecommerce_orders_list`, "product": `ecommerce_category_products_list`,
	"segment": `segments_(list|get)`, "segment_subscriber": `segment_subscribers_list`, "shop": `ecommerce_shops_list`,
	"subscriber": `subscribers_(list|get)`, "subscriber_activity": `subscriber_activity_log_list`, "timezone": `timezones_list`,
	"webhook": `webhooks_(list|get)`,
}

// undeclared are the attributes of recorded answers that no table declares: those that only old answers have, and those
// that only answers about one row have.
var undeclared = []string{
	"subscriber.location", "subscriber.fields",
	"automation_trigger.triggers.group_id", "automation_trigger.triggers.group", // until 2022
	"campaign.cannot_be_scheduled_reason", "campaign.breadcrumbs",
}

// recorded returns the records in the recorded answers whose file names match.
func recorded(t *testing.T, pattern string) (records []json.RawMessage) {
	t.Helper()
	files, err := filepath.Glob("../../../shared/recorded/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no recorded answers here")
	}
	for _, file := range files {
		if name := filepath.Base(file); !regexp.MustCompile("^"+pattern).MatchString(name) || regexp.MustCompile(`\.4\d\d\.`).MatchString(name) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Body struct{ Data json.RawMessage }
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(file, err)
		}
		if json.Unmarshal(answer.Body.Data, &rows) != nil {
			rows = []json.RawMessage{answer.Body.Data}
		}
		records = append(records, rows...)
	}
	return records
}

// TestRecordedAnswers decodes every recorded list: nothing is rescued, nothing undeclared but what is listed above, and each
// value that is not left out by declaration has come into a column.
func TestRecordedAnswers(t *testing.T) {
	for name, pattern := range recordings {
		table, met := tables.All().Lookup(name), 0
		for _, record := range recorded(t, pattern) {
			met++
			checkRecord(t, table, record)
		}
		if met == 0 {
			t.Errorf("%s: nothing is recorded", name)
		}
	}
	for _, item := range recorded(t, "ecommerce_cart_items_list") { // here they come by themselves
		checkRecord(t, tables.All().Lookup("cart"), []byte(`{"id":"1","items":[`+string(item)+`]}`))
	}
}

func checkRecord(t *testing.T, table *schema.Table, record []byte) {
	t.Helper()
	d := schema.NewDecoder(table)
	key := make([]string, len(table.Key))
	for i := range key {
		key[i] = "7"
	}
	d.SetParent(table.Key, key)
	if link := table.PerRow(); link != nil {
		d.SetParent(table.ParentColumns(), key)
	}
	page, err := d.Page(slices.Concat([]byte{'['}, record, []byte{']'}))
	if err != nil || page.Rows.Rows != 1 || page.Dropped > 0 {
		t.Fatalf("%s: %v, %d rows, %d dropped: %s", table.Name, err, page.Rows.Rows, page.Dropped, record)
	}
	met := map[string]bool{}
	columnsMet(t, table, page.Rows, met)
	for i, child := range table.Children() {
		columnsMet(t, child, page.Children[i].Rows, met)
	}
	var value any
	if err := json.Unmarshal(record, &value); err != nil {
		t.Fatal(err)
	}
	for _, path := range leaves(value, "") {
		if !covers(met, path) && !leftOut(table, path) {
			t.Errorf("%s: the value at %s is lost", table.Name, path)
		}
	}
}

// columnsMet notes the paths of the columns that have values, and complains of rescued and undeclared ones.
func columnsMet(t *testing.T, table *schema.Table, b *schema.Batch, met map[string]bool) {
	t.Helper()
	for i, c := range b.Columns {
		v := b.Vectors[i]
		if v == nil {
			continue
		}
		if slices.Contains(v.Valid, true) {
			met[c.Path] = true
		}
		known := slices.ContainsFunc(undeclared, func(path string) bool {
			return table.Name+"."+c.Path == path || strings.HasPrefix(table.Name+"."+c.Path, path+".")
		})
		if c.Name == schema.Rescued || c.Kind == schema.Raw && !known {
			t.Errorf("%s: %s holds %s", table.Name, c.Name, v.Bytes)
		}
	}
}

// leaves returns the paths of the scalars in a value that are not null; arrays add nothing to a path.
func leaves(value any, path string) (all []string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			all = append(all, leaves(inner, strings.TrimPrefix(path+"."+name, "."))...)
		}
	case []any:
		for _, inner := range value {
			all = append(all, leaves(inner, path)...)
		}
	case nil:
	default:
		all = append(all, path)
	}
	return all
}

// covers reports whether a column has the value at a path, or a value around it.
func covers(met map[string]bool, path string) bool {
	for at := range met {
		if path == at || strings.HasPrefix(path, at+".") {
			return true
		}
	}
	return false
}

// leftOut reports whether the declaration of a table, or of the rows inside, leaves the value at a path out.
func leftOut(table *schema.Table, path string) bool {
	for _, t := range slices.Concat([]*schema.Table{table}, table.Children()) {
		array := ""
		if nested, ok := t.Source.(*schema.Nested); ok && t != table {
			array = nested.Attribute
		}
		for _, name := range t.Never {
			if strings.HasSuffix(path, "."+name) || path == name {
				return true
			}
		}
		for at := range t.Same {
			if path == at { // it is the same as another value
				return true
			}
		}
		if covers(setOf(slices.Concat(t.Skip, t.Repeats)), path) || t.Closed && strings.HasPrefix(path, array) {
			return true
		}
	}
	return false
}

func setOf(paths []string) map[string]bool {
	set := map[string]bool{}
	for _, path := range paths {
		set[path] = true
	}
	return set
}

// TestRecordedContent: with their content, campaigns' e-mails come from the answer about one campaign, with the same values.
func TestRecordedContent(t *testing.T) {
	withContent := tables.Catalog(tables.Options{CampaignContent: true}).Lookup("campaign_email")
	list := withContent.Source.(*schema.List)
	bodies := 0
	for _, record := range recorded(t, "campaigns_get") {
		d := schema.NewDecoder(withContent)
		d.SetParent(list.Per.Columns, []string{"7"})
		page, err := d.PageIn(record)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := schema.NewDecoder(tables.All().Lookup("campaign")).Page(slices.Concat([]byte{'['}, record, []byte{']'}))
		if err != nil {
			t.Fatal(err)
		}
		nested := plain.Children[0].Rows
		if page.Rows.Rows != nested.Rows || page.Rows.Rows == 0 || page.Rows.Vector(schema.Rescued) != nil {
			t.Fatalf("%d e-mails with content, %d without; rescued: %v", page.Rows.Rows, nested.Rows, page.Rows.Vector(schema.Rescued))
		}
		for i, c := range nested.Columns {
			got, want := page.Rows.Vector(c.Name), nested.Vectors[i]
			if c.Name != "campaign_id" && (got == nil) != (want == nil) || got != nil && want != nil && !got.EqualRows(0, want, 0, nested.Rows) {
				t.Errorf("%s: %v with content, %v without", c.Name, got, want)
			}
		}
		if v := page.Rows.Vector("content"); v != nil {
			bodies += v.Len()
		}
		if got := string(page.Rows.Vector("campaign_id").Text(0)); got != "7" {
			t.Errorf("campaign_id is %s", got)
		}
	}
	if bodies == 0 {
		t.Error("no content is recorded")
	}
}

// TestAmounts: amounts are numbers however they are sent; what is no number is kept as it was sent.
func TestAmounts(t *testing.T) {
	for value, want := range map[string]string{`12.5`: "12.5", `"12.50"`: "12.5", `"0"`: "0", `1234`: "1234", `" 7.25 "`: "7.25", `"-3"`: "-3", `""`: "null", `null`: "null",
		`"12,50"`: `{"total_price":"12,50"}`, `"$12.50"`: `{"total_price":"$12.50"}`, `"12.50 EUR"`: `{"total_price":"12.50 EUR"}`, `{"amount":1}`: `{"total_price":{"amount":1}}`} {
		page, err := schema.NewDecoder(tables.All().Lookup("order")).Page([]byte(`[{"id":"1","total_price":` + value + `}]`))
		if err != nil {
			t.Fatal(err)
		}
		got := "null"
		if v := page.Rows.Vector("total_price"); v != nil && !v.Null(0) {
			got = fmt.Sprint(v.Float(0))
		} else if v := page.Rows.Vector(schema.Rescued); v != nil {
			got = string(v.Text(0))
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}
