package schematest

import (
	"slices"
	"sync"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// Core returns the declarations of the core tables alone, without what connects them to others: most tests are about how
// tables are read, compared and committed, which needs only these.
var Core = sync.OnceValue(func() *schema.Catalog {
	all := tables.Catalog(tables.Options{CampaignContent: true}) // nothing is nested in campaigns
	var chosen []*schema.Table
	for _, t := range all.Tables() {
		if t.Core {
			own := *t
			own.References = slices.DeleteFunc(slices.Clone(t.References), func(r schema.Reference) bool { return !all.Lookup(r.Table).Core })
			chosen = append(chosen, &own)
		}
	}
	catalog, err := schema.NewCatalog(chosen...)
	if err != nil {
		panic(err)
	}
	return catalog
})
