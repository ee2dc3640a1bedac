package command

import (
	"context"
	"slices"
	"strings"

	"mailerlake/export/publish/store"
	"mailerlake/export/publish/store/clouds"
)

// openStore opens a destination: a directory, or a bucket if this build has them.
func openStore(ctx context.Context, location string) (store.Store, error) {
	scheme, _, _ := strings.Cut(location, "://")
	if slices.Contains(clouds.Schemes, strings.ToLower(scheme)) {
		return clouds.Open(ctx, location)
	}
	return store.Open(ctx, location)
}
