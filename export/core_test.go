package export_test

import (
	"sync"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// core returns the declarations of the core tables alone: most tests are about how tables are read, compared and
// committed, which needs only these.
var core = sync.OnceValue(func() *schema.Catalog {
	var chosen []*schema.Table
	for _, t := range tables.All().Tables() {
		if t.Core {
			chosen = append(chosen, t)
		}
	}
	catalog, err := schema.NewCatalog(chosen...)
	if err != nil {
		panic(err)
	}
	return catalog
})
