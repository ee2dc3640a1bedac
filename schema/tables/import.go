package tables

import (
	"slices"

	"mailerlake/schema"
)

// imported declares the imports of subscribers. The samples that the API shows of them hold addresses.
func imported() *schema.Table {
	kinds := []string{"invalid", "mistyped", "changed", "unchanged", "unsubscribed", "role_based", "suspicious_format", "duplicate"}
	var samples []schema.Column
	for _, kind := range kinds {
		samples = slices.Concat(samples, schema.Documents(kind), schema.Counts(kind+"_count"))
	}
	return &schema.Table{
		Name:  "import",
		About: "The imports of subscribers and what became of them.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("account_id"),
			schema.Counts("total", "processed", "imported", "updated", "errored", "percent"),
			schema.Flags("done"),
			samples,
			schema.Counts("banned_import_emails_count"),
			schema.Times("updated_at", "finished_at", "stopped_at", "undo_started_at", "undone_at"),
			schema.Texts("file_path", "match_route", "source_label"),
		),
		Means: means(`
			id: id of the import
			account_id: id of the account
			total: addresses to import
			processed: addresses looked at so far
			imported: subscribers added
			updated: subscribers changed
			errored: addresses that were not imported
			percent: progress in percent, 0 to 100
			done: whether the import has ended
			invalid: a few addresses that are not valid, JSON array of id and email
			invalid_count: addresses that are not valid
			mistyped: a few addresses that seem mistyped, JSON array of id and email
			mistyped_count: addresses that seem mistyped
			changed: a few subscribers that were changed, JSON array of id and email
			changed_count: subscribers that were changed
			unchanged: a few subscribers that stayed as they were, JSON array of id and email
			unchanged_count: subscribers that stayed as they were
			unsubscribed: a few who had unsubscribed before, JSON array of id and email
			unsubscribed_count: subscribers who had unsubscribed before
			role_based: a few addresses of a role, like info@, JSON array of id and email
			role_based_count: addresses of a role
			suspicious_format: a few addresses of a suspicious form, JSON array of id and email
			suspicious_format_count: addresses of a suspicious form
			duplicate: a few addresses that came twice, JSON array of id and email
			duplicate_count: addresses that came twice
			banned_import_emails_count: addresses that may not be imported
			updated_at: when the import was changed last, UTC
			finished_at: when the import ended, UTC
			stopped_at: when the import was stopped, UTC
			undo_started_at: when undoing it began, UTC
			undone_at: when it was undone, UTC
			file_path: file that was imported
			match_route: page on which its columns were matched
			source_label: what the import says of its source
		`),
		Optional: true,
		Source: &schema.List{
			Path:   "/subscribers/import",
			Paging: schema.ByPage,
			Limits: []int{100, 25, 15},
			Item:   "/subscribers/import/{id}",
		},
	}
}
