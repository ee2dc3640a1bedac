package command

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/publish/store"
	"mailerlake/export/publish/store/clouds"
)

// openStore opens a destination. A URL that is not one is wrong usage.
func openStore(c *cli.Context, location string) (store.Store, error) {
	s, err := openLocation(c.Context, location)
	if wrong, ok := errors.AsType[*store.URLError](err); ok {
		return nil, usage(c, "%w", wrong)
	}
	return s, err
}

// openLocation opens a directory, or a bucket if this build has them.
func openLocation(ctx context.Context, location string) (store.Store, error) {
	scheme, _, isURL := strings.Cut(location, ":")
	if isURL && slices.Contains(clouds.Schemes, strings.ToLower(scheme)) {
		return clouds.Open(ctx, location)
	}
	return store.Open(ctx, location)
}
