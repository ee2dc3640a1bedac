package export_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// TestVerifyDemo: of the whole demo account every reference is checked and none dangles, but those declared loose.
func TestVerifyDemo(t *testing.T) {
	l := newLake(t, mailerlitetest.Demo(0))
	o := l.options(t)
	o.Catalog = tables.All()
	if r, err := export.Export(context.Background(), o); err != nil || r.Failed() {
		t.Fatalf("%+v, %v", r, err)
	}
	v, err := export.Verify(context.Background(), disk.OS(false), l.dir, tables.All())
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, table := range tables.All().Tables() {
		declared += len(table.References)
	}
	if v.Damaged() || len(v.References) != declared || declared < 40 {
		t.Errorf("%d references, want all %d; problems %v", len(v.References), declared, v.Problems)
	}
	for _, r := range v.References {
		if r.Unchecked != "" || r.Dangling != 0 && !r.Loose {
			t.Errorf("reference %+v", r)
		}
	}
	if d := cmp.Diff([]string{}, notReferred(tables.All())); d != "" {
		t.Errorf("columns that look like references and are none (-want +got):\n%s", d)
	}
}

// notLinks are columns whose names end like those of references, but no table has the rows, or not for certain.
var notLinks = []string{
	"account_id", // the same in all rows: the account
	"automation.automation_template_id", "automation_step.email_id", "campaign_email.emailable_id", "form.settings_groot_id",
	"subscriber_activity.subject_id", // of what kind, subject_type says
}

// notReferred returns the columns that seem to refer to rows of a table and are not declared to.
func notReferred(catalog *schema.Catalog) []string {
	found := []string{}
	for _, t := range catalog.Tables() {
		for _, c := range t.Columns {
			refers := func(r schema.Reference) bool { return r.Column == c.Name }
			if !strings.HasSuffix(c.Name, "_id") || slices.ContainsFunc(t.References, refers) ||
				slices.Contains(notLinks, c.Name) || slices.Contains(notLinks, t.Name+"."+c.Name) {
				continue
			}
			found = append(found, t.Name+"."+c.Name)
		}
	}
	return found
}

// textKeys returns key columns of the names.
func textKeys(names ...string) (columns []schema.Column) {
	for _, name := range names {
		columns = append(columns, schema.Column{Name: name, Kind: schema.String, Required: true})
	}
	return columns
}

// textVector returns a vector of texts; an empty one is null.
func textVector(n int, at func(i int) string) *schema.Vector {
	v := schema.NewVector(schema.String)
	for i := range n {
		if text := at(i); text == "" {
			v.AppendNull(1)
		} else {
			v.AppendText([]byte(text))
		}
	}
	return v
}

// TestVerifyWithin checks references to keys of two columns, of which there are more than are held in memory at a time. Two
// shops have products of the same ids; some rows name a product that only the other shop has.
func TestVerifyWithin(t *testing.T) {
	const shops, products = 2, 3 << 17
	shop := func(i int) string { return fmt.Sprint(i/products + 1) }
	product := func(i int) string { return fmt.Sprint(i%products + 1) }
	dir := filepath.Join(t.TempDir(), "lake")
	storeTables(t, dir,
		dataset.TableState{Name: "shop", Key: []string{"id"}, Columns: textKeys("id")},
		[]*schema.Vector{textVector(shops, func(i int) string { return fmt.Sprint(i + 1) })},
		// the last product of the second shop is missing
		dataset.TableState{Name: "product", Key: []string{"shop_id", "id"}, Columns: textKeys("shop_id", "id")},
		[]*schema.Vector{textVector(shops*products-1, shop), textVector(shops*products-1, product)},
		dataset.TableState{Name: "order", Key: []string{"shop_id", "id"}, Columns: textKeys("shop_id", "id")},
		[]*schema.Vector{textVector(1, shop), textVector(1, product)},
		dataset.TableState{Name: "order_item", Key: []string{"shop_id", "order_id", "id"},
			Columns: append(textKeys("shop_id", "order_id", "id"), schema.Column{Name: "product_id", Kind: schema.String})},
		[]*schema.Vector{textVector(6, func(i int) string { return fmt.Sprint(i/3 + 1) }), textVector(6, func(i int) string { return fmt.Sprint(i/3 + 1) }), textVector(6, product),
			textVector(6, func(i int) string { return []string{"1", "", fmt.Sprint(products), "2", fmt.Sprint(products), "12"}[i] })})
	v, err := export.Verify(context.Background(), disk.OS(false), dir, tables.All())
	if err != nil || v.Damaged() {
		t.Fatalf("%+v, %v", v, err)
	}
	last := fmt.Sprint(products)
	want := []export.Reference{
		{Table: "order_item", Column: "shop_id", To: "shop"},
		{Table: "order_item", Column: "order_id", To: "order", Dangling: 3, Examples: []string{"2/2"}},
		{Table: "order_item", Column: "product_id", To: "product", Dangling: 1, Examples: []string{"2/" + last}},
	}
	if d := cmp.Diff(want, referencesOf(v, "order_item")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestVerifyOtherKey: a table whose key is not the declared one is not looked up in.
func TestVerifyOtherKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	one := func(int) string { return "1" }
	storeTables(t, dir,
		dataset.TableState{Name: "product", Key: []string{"id"}, Columns: textKeys("id")}, []*schema.Vector{textVector(1, one)},
		dataset.TableState{Name: "cart_item", Key: []string{"shop_id", "cart_id", "id"}, Columns: append(textKeys("shop_id", "cart_id", "id"), schema.Column{Name: "product_id", Kind: schema.Int64})},
		[]*schema.Vector{textVector(1, one), textVector(1, one), textVector(1, one), {Kind: schema.Int64, Valid: []bool{true}, Nums: []int64{1}}},
		dataset.TableState{Name: "category_product", Key: []string{"shop_id", "category_id", "product_id"}, Order: []string{"shop_id", "product_id", "category_id"}, Columns: textKeys("shop_id", "category_id", "product_id")},
		[]*schema.Vector{textVector(1, one), textVector(1, one), textVector(1, one)})
	v, err := export.Verify(context.Background(), disk.OS(false), dir, tables.All())
	if err != nil || v.Damaged() {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, r := range v.References {
		if r.Unchecked == "" || r.Table == "cart_item" && r.Column == "product_id" {
			t.Errorf("checked %+v", r)
		}
	}
	if got := len(referencesOf(v, "category_product")); got != 3 {
		t.Errorf("%d references of category_product, want 3", got)
	}
}
