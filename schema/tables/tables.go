// Package tables declares the tables of a MailerLite account, one file per table.
package tables

import "mailerlake/schema"

// All returns the declarations of all tables.
func All() *schema.Catalog {
	return catalog
}

var catalog = mustCatalog(schema.NewCatalog(subscriber(), group(), groupSubscriber(), field(), campaign()))

func mustCatalog(c *schema.Catalog, err error) *schema.Catalog {
	if err != nil {
		panic(err) // a mistake in a declaration, which no test could miss
	}
	return c
}

// subscriberStatuses are all statuses that a subscriber can have.
var subscriberStatuses = []string{"active", "unsubscribed", "unconfirmed", "bounced", "junk"}
