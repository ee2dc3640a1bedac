package delta

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
)

// deletesAtOnce is how many files are removed side by side.
const deletesAtOnce = 8

// expired returns the files that no version has had since before the cutoff. Only what the destination's manifest says is
// removed counts: a file that goes with the version that this publish writes is still named by the manifest until that is
// replaced.
func (c *commit) expired(s *state, cutoff time.Time) (files []dataset.DeltaFile) {
	if c.in.Was == nil {
		return nil
	}
	for _, f := range c.in.Was.Removed {
		if _, removed := s.removed[f.Path]; removed && !f.At.After(cutoff) {
			files = append(files, f)
		}
	}
	for _, f := range c.in.Was.Changes {
		if !f.At.After(cutoff) && slices.Contains(s.Changes, f) {
			files = append(files, f)
		}
	}
	return files
}

// expire removes the files that are expired.
func (c *commit) expire(ctx context.Context, s *state, cutoff time.Time) error {
	files := c.expired(s, cutoff)
	var keys []string
	for _, f := range files {
		if key, ok := fileKey(s.Name, f.Path); ok {
			keys = append(keys, key)
		}
	}
	if err := c.delete(ctx, keys); err != nil {
		return err
	}
	for _, f := range files {
		delete(s.removed, f.Path)
	}
	s.Changes = slices.DeleteFunc(s.Changes, func(f dataset.DeltaFile) bool { return slices.Contains(files, f) })
	return nil
}

// fileKey returns the key of a file of a table from its path in the log, if it is in the table's directory: the log of an
// adopted table may name files of any other place.
func fileKey(table, logged string) (string, bool) {
	name, err := url.PathUnescape(logged)
	if err != nil || strings.Contains(name, ":") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", false
	}
	if name = path.Clean(name); name == logDir || strings.HasPrefix(name, logDir+"/") {
		return "", false
	}
	return table + "/" + name, true
}

func (c *commit) delete(ctx context.Context, keys []string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deletesAtOnce)
	for _, key := range keys {
		g.Go(func() error {
			if err := c.in.Store.Delete(ctx, key); err != nil {
				return fmt.Errorf("remove %s: %w", key, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// trimTo returns the version that the log can begin with: that of the last checkpoint from before the cutoff, -1 if there
// is none after the present beginning. Only a checkpoint that the destination's manifest knows counts.
func (c *commit) trimTo(s *state, cutoff time.Time) int64 {
	first := int64(-1)
	if c.in.Was == nil {
		return first
	}
	for _, p := range c.in.Was.Checkpoints {
		if p.Version > s.Oldest && !p.At.After(cutoff) {
			first = p.Version
		}
	}
	return first
}

// trim removes what is in the log from before a checkpoint, the oldest first, so that no version is missing among those left.
// The checkpoint's own entry stays: it has the version's time.
func (c *commit) trim(ctx context.Context, s *state, cutoff time.Time) error {
	first := c.trimTo(s, cutoff)
	if first < 0 {
		return nil
	}
	found, err := c.log.list(ctx)
	if err != nil {
		return err
	}
	var keys []string
	for name, version := range found.names {
		if version < first {
			keys = append(keys, c.log.key(name))
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := c.delete(ctx, []string{key}); err != nil {
			return err
		}
	}
	s.Oldest = first
	s.Checkpoints = slices.DeleteFunc(s.Checkpoints, func(p dataset.DeltaVersion) bool { return p.Version < first })
	return nil
}

// ownPattern is what names of the files are like that this program puts beside a log.
var ownPattern = regexp.MustCompile(`^(part-[0-9]{5,9}-[0-9]{8,16}-[0-9a-f]{8}|_change_data/cdc-[0-9]{8,16}-[0-9]{8,16}-[0-9a-f]{8})\.parquet$`)

// orphans removes the files that a publish left which died before it wrote the version that was to name them.
func (c *commit) orphans(ctx context.Context, s *state) error {
	prefix := s.Name + "/"
	var keys []string
	for object, err := range c.in.Store.List(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		if name := strings.TrimPrefix(object.Key, prefix); ownPattern.MatchString(name) && !s.names(name) {
			keys = append(keys, object.Key)
		}
	}
	return c.delete(ctx, keys)
}

// names reports whether a version names a file.
func (s *state) names(name string) bool {
	_, held := s.files[name]
	_, removed := s.removed[name]
	return held || removed || slices.ContainsFunc(s.Changes, func(f dataset.DeltaFile) bool { return f.Path == name })
}
