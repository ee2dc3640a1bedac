package tables

import (
	"slices"

	"mailerlake/schema"
)

// account declares the account that the key opens.
func account() *schema.Table {
	return &schema.Table{
		Name:  "account",
		About: "The account that the API key opens: one row.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name", "sender_name", "sender_email", "status"),
			schema.Times("created_at", "updated_at"),
			schema.Flags("domain_auth"),
		),
		Means: means(`
			id: id of the account
			name: name of the account
			sender_name: default name of the sender
			sender_email: default address of the sender
			status: active or terminated
			created_at: when the account was made, UTC
			updated_at: when the account was changed last, UTC
			domain_auth: whether the sender's domain is authenticated
		`),
		Source: &schema.Single{Path: "/account"},
	}
}
