package mailerlitetest

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// lists are the rows beside the subscribers and what goes with them. Ids ascend.
type lists struct {
	lasts    lastIDs
	segments []*segment
	forms    []*form
	webhooks []*webhook
	imports  []*importRun
	shops    []*shop
	changes  int // of the account, counted
	totals   totals
}

// lastIDs are the greatest ids so far.
type lastIDs struct{ segment, form, webhook, imported uint64 }

// listTables are the tables of these rows.
var listTables = []string{
	"segment", "segment_subscriber", "form", "form_subscriber", "webhook", "import", "timezone", "campaign_language",
	"shop", "product", "category", "category_product", "customer", "order", "order_item", "cart", "cart_item",
}

// listRows walk through the rows of a table.
var listRows = map[string]func(*Account, rowFunc){
	"segment":            segments.each,
	"segment_subscriber": (*Account).eachSegmentMember,
	"form":               forms.each,
	"form_subscriber":    (*Account).eachFormMember,
	"webhook":            webhooks.each,
	"import":             imports.each,
	"timezone": func(a *Account, f rowFunc) {
		each(timezones, f, func(z *timezone) string { return strconv.Itoa(z.id) },
			func(b []byte, z *timezone) []byte { return appendRow(b, a, timezoneAttributes, z, nil, view{}) })
	},
	"campaign_language": func(a *Account, f rowFunc) {
		each(allLanguages, f, func(l *language) string { return strconv.Itoa(l.id) },
			func(b []byte, l *language) []byte { return appendRow(b, a, languageAttributes, l, nil, view{}) })
	},
	"shop":             shops.each,
	"product":          products.each,
	"category":         categories.each,
	"category_product": (*Account).eachCategoryProduct,
	"customer":         customers.each,
	"order":            orders.each,
	"order_item":       (*Account).eachOrderItem,
	"cart":             carts.each,
	"cart_item":        (*Account).eachCartItem,
}

// listRoutes are the endpoints of these lists. They come before those of
// subscribers/{id} and campaigns/{id}, which fit some of them too.
var listRoutes = []route{
	{"GET", "segments", segments.serveList},
	{"GET", "segments/{id}", segments.serveRow},
	{"GET", "segments/{id}/subscribers", (*Account).listSegmentMembers},
	{"GET", "forms/popup", listForms("popup")},
	{"GET", "forms/embedded", listForms("embedded")},
	{"GET", "forms/promotion", listForms("promotion")},
	{"GET", "forms/{id}", forms.serveRow},
	{"GET", "forms/{id}/subscribers", (*Account).listFormMembers},
	{"GET", "webhooks", webhooks.serveList},
	{"GET", "webhooks/{id}", webhooks.serveRow},
	{"GET", "subscribers/import", imports.serveList},
	{"GET", "subscribers/import/{id}", imports.serveRow},
	{"GET", "timezones", (*Account).listTimezones},
	{"GET", "campaigns/languages", (*Account).listLanguages},
}

// fillLists makes the rows of day 0.
func (a *Account) fillLists() {
	a.lasts = lastIDs{3, 4, 5, 6} // so that the tables' ids differ
	a.generatorOf("segment").makeSegments()
	a.generatorOf("form").makeForms()
	a.generatorOf("webhook").makeWebhooks()
	a.generatorOf("import").makeImports()
	a.generatorOf("shop").makeShops()
}

// generatorOf returns a generator of a table's own, so that its rows do not
// depend on those of other tables.
func (a *Account) generatorOf(table string) *generator {
	g, name := newGenerator(a), fnv.New64a()
	name.Write([]byte(table)) // never fails
	g.PCG = rand.NewPCG(a.opt.Seed^name.Sum64(), uint64(a.day))
	return g
}

// listEvents are the day's events beside the subscribers. They change no row of
// a core table. Segments have none: their members follow from the day.
func (d *day) listEvents() {
	for _, e := range []struct {
		table string
		make  func(*day)
	}{
		{"form", (*day).formEvents}, {"webhook", (*day).webhookEvents}, {"import", (*day).importEvents}, {"shop", (*day).shopEvents},
	} {
		own := *d
		own.generator = d.a.generatorOf(e.table)
		e.make(&own)
	}
}
