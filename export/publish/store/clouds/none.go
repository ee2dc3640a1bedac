//go:build noclouds

package clouds

import (
	"context"

	"mailerlake/export/publish/store"
)

// Built returns the schemes that this build can open: none.
func Built() []string { return nil }

// Open says that this build has no object stores.
func Open(context.Context, string) (store.Store, error) {
	return nil, &store.URLError{Reason: "this build has no object stores (built with -tags noclouds); use file:// or build without that tag"}
}
