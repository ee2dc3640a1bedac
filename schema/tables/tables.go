// Package tables declares the tables of a MailerLite account, one file per table.
package tables

import "mailerlake/schema"

// Options say how the tables are read, where there is a choice.
type Options struct {
	// CampaignContent reads the content of the campaigns' e-mails, which takes a request for each campaign.
	CampaignContent bool
}

// All returns the declarations of all tables.
func All() *schema.Catalog {
	return plain
}

// Catalog returns the declarations of all tables as the options want them.
func Catalog(o Options) *schema.Catalog {
	if o.CampaignContent {
		return withContent
	}
	return plain
}

var plain, withContent = declare(Options{}), declare(Options{CampaignContent: true})

func declare(o Options) *schema.Catalog {
	return mustCatalog(schema.NewCatalog(
		subscriber(), group(), groupSubscriber(), field(), campaign(o.CampaignContent),
		account(), timezone(), campaignLanguage(), webhook(), imported(),
		subscriberField(), subscriberActivity(),
		segment(), segmentSubscriber(), form(), formSubscriber(),
		campaignEmail(o.CampaignContent), campaignActivity(),
		automation(), automationStep(), automationTrigger(), automationActivity(),
		shop(), product(), category(), categoryProduct(), customer(), order(), orderItem(), cart(), cartItem(),
	))
}

func mustCatalog(c *schema.Catalog, err error) *schema.Catalog {
	if err != nil {
		panic(err) // a mistake in a declaration, which no test could miss
	}
	return c
}

// subscriberStatuses are all statuses that a subscriber can have.
var subscriberStatuses = []string{"active", "unsubscribed", "unconfirmed", "bounced", "junk"}

// outlived says that rows refer to rows that they outlive: MailerLite may not list these any more.
func outlived(column, table string) schema.Reference {
	return schema.Reference{Column: column, Table: table, Loose: true}
}
