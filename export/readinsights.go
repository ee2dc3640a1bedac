package export

import (
	"context"
	"errors"
	"fmt"

	"mailerlake/export/disk"
	"mailerlake/export/insights"
)

// ReadInsights computes the figures of a dataset as it was at one instant. It takes no lock: if another run commits meanwhile,
// it begins again, once, and then fails with ErrChanged.
func ReadInsights(ctx context.Context, fsys disk.FS, dir string) (*insights.Report, error) {
	r, err := insightsOnce(ctx, fsys, dir)
	if errors.Is(err, ErrChanged) {
		r, err = insightsOnce(ctx, fsys, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("report on %s: %w", dir, err)
	}
	return r, nil
}

func insightsOnce(ctx context.Context, fsys disk.FS, dir string) (*insights.Report, error) {
	d, err := openCommitted(fsys, dir)
	if err != nil {
		return nil, err
	}
	r, err := insights.Read(ctx, d)
	if moved := unchanged(d); moved != nil { // rather than what that run made unreadable
		err = moved
	}
	if err != nil {
		return nil, damage(err)
	}
	return r, nil
}
