package delta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// Verify reads the log of a Delta table, and which files there are, and compares them with what the destination's manifest
// says. It returns what is wrong; an error is of the store. It does not read data files: their names have a part of their
// checksums.
func Verify(ctx context.Context, from store.Store, account string, was *dataset.DeltaTable, table *dataset.TableState) (problems []string, err error) {
	log := tableLog{from, table.Name}
	s, err := log.replay(ctx, account)
	var damaged *LogError
	switch {
	case errors.As(err, &damaged):
		return []string{damaged.Reason}, nil
	case err != nil:
		return nil, err
	case s == nil:
		return []string{"it has no log"}, nil
	}
	if problems = s.compareHead(was); len(problems) > 0 {
		return problems, nil
	}
	problems = s.compareFiles(table)
	missing, err := missing(ctx, from, table.Name, s.record())
	return append(problems, missing...), err
}

// compareHead compares the last version with the one that a manifest says is the last.
func (s *state) compareHead(was *dataset.DeltaTable) (problems []string) {
	switch {
	case s.Version > was.Version:
		return []string{fmt.Sprintf("its log has versions up to %d, and the manifest ends with %d; a publish died, or another program wrote them; publish again", s.Version, was.Version)}
	case s.Version < was.Version:
		return []string{fmt.Sprintf("its log has versions up to %d only, and the manifest goes up to %d", s.Version, was.Version)}
	case s.SHA256 != was.SHA256:
		return []string{fmt.Sprintf("version %d of its log is not the one that was published", s.Version)}
	case s.Metadata != was.Metadata || s.ID != was.ID || !slices.Equal(s.Features, was.Features):
		return []string{"its metadata is not what was published"}
	}
	return nil
}

// compareFiles compares the files that the log has with the parts of a table.
func (s *state) compareFiles(table *dataset.TableState) (problems []string) {
	parts := newCommit(&Input{Table: table}).parts
	for name, p := range parts {
		if f, ok := s.files[name]; !ok {
			problems = append(problems, fmt.Sprintf("its log lacks file %s", name))
		} else if f.Bytes != p.Bytes {
			problems = append(problems, fmt.Sprintf("its log says that file %s has %d bytes, and the manifest %d", name, f.Bytes, p.Bytes))
		}
	}
	for name := range s.files {
		if parts[name] == nil {
			problems = append(problems, fmt.Sprintf("its log has file %s, which is of no part", name))
		}
	}
	slices.Sort(problems)
	return problems
}

// missing returns the files of a table that are not in the store, or not as long as they should be. Those that only older
// versions have do not count: they may go at any time.
func missing(ctx context.Context, from store.Store, table string, t *dataset.DeltaTable) (problems []string, err error) {
	there := map[string]int64{}
	for object, err := range from.List(ctx, table+"/") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", table, err)
		}
		there[strings.TrimPrefix(object.Key, table+"/")] = object.Bytes
	}
	for _, f := range t.Files {
		switch bytes, ok := there[f.Path]; {
		case !ok:
			problems = append(problems, fmt.Sprintf("file %s is missing", f.Path))
		case bytes != f.Bytes:
			problems = append(problems, fmt.Sprintf("file %s has %d bytes instead of %d", f.Path, bytes, f.Bytes))
		}
	}
	return problems, nil
}
