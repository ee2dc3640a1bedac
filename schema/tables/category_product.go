package tables

import "mailerlake/schema"

// categoryProduct declares which product is in which category. Its rows are nested in the products; if products come
// without their categories, the products of each category are listed instead.
func categoryProduct() *schema.Table {
	return &schema.Table{
		Name:  "category_product",
		About: "Which product is in which category.",
		Key:   []string{"shop_id", "category_id", "product_id"},
		Order: []string{"shop_id", "product_id", "category_id"},
		Columns: []schema.Column{
			{Name: "shop_id", Kind: schema.String, Path: "{shop_id}", Required: true},
			{Name: "category_id", Kind: schema.String, Path: "categories.id", Required: true},
			{Name: "product_id", Kind: schema.String, Path: "id", Required: true},
		},
		Means: means(`
			shop_id: id of the shop
			category_id: id of the category
			product_id: id of the product in it
		`),
		References: []schema.Reference{toShop(), inShop("product_id", "product"), inShop("category_id", "category")},
		Closed:     true, // the rest of a category, and of a product, is in its own table
		Optional:   true,
		Source: &schema.Nested{
			In:        schema.Link{Table: "product", Columns: []string{"shop_id", "product_id"}},
			Attribute: "categories",
			Otherwise: &schema.List{
				Path:   "/ecommerce/shops/{shop_id}/categories/{category_id}/products",
				Paging: schema.ByPage,
				Limits: []int{100, 50, 25},
				Per:    &schema.Link{Table: "category", Columns: []string{"shop_id", "category_id"}},
			},
		},
	}
}
