package delta

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailerlake/export/dataset"
)

// AheadError says that a Delta table holds a later snapshot than the dataset. Nothing was changed.
type AheadError struct {
	Table           string
	Holds, Snapshot int64
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("Delta table %s holds snapshot %d, and the dataset is at %d; publish from the dataset that is ahead, or use mailerlake restore first",
		e.Table, e.Holds, e.Snapshot)
}

// head reads what the log says up to its last version. It is adopted if another program has written to it.
func (c *commit) head(ctx context.Context) (s *state, adopted bool, err error) {
	s, err = c.follow(ctx)
	var foreign *ForeignError
	var ahead *AheadError
	if c.in.Adopt && (errors.As(err, &foreign) || errors.As(err, &ahead)) {
		return c.adopt(ctx)
	}
	return s, false, err
}

// follow goes on from what the destination's manifest says over the versions that a publish left which died.
func (c *commit) follow(ctx context.Context) (*state, error) {
	s, err := c.recorded(ctx)
	if err != nil || s.Version < 0 && s.ID != "" {
		return s, err
	}
	for {
		e, err := c.log.read(ctx, s.Version+1)
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		if !c.ours(e) {
			return nil, foreign(s.Name, e)
		}
		s.apply(e)
	}
	if s.ID == "" {
		return nil, &ForeignError{Table: s.Name, Reason: "there is a log that does not begin with a version of mailerlake"}
	}
	if s.Snapshot > c.in.Snapshot {
		return nil, &AheadError{s.Name, s.Snapshot, c.in.Snapshot}
	}
	return s, nil
}

// recorded returns the state that the destination's manifest records. Without one it is that of a new table, or, if there is
// a log already, one without an identity that its first version is to give.
func (c *commit) recorded(ctx context.Context) (*state, error) {
	was := c.in.Was
	if was == nil {
		found, err := c.log.list(ctx)
		if err != nil {
			return nil, err
		}
		if len(found.names) == 0 {
			return c.fresh(), nil
		}
		return newState(&dataset.DeltaTable{Name: c.in.Table.Name, Version: -1}, c.in.Account), nil
	}
	e, err := c.log.read(ctx, was.Version)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, &ForeignError{Table: was.Name, Version: was.Version, Reason: fmt.Sprintf("version %d of its log is gone", was.Version)}
	case e.sum != was.SHA256:
		err := foreign(was.Name, e)
		err.Reason = fmt.Sprintf("version %d of its log is not the one that was published", was.Version)
		return nil, err
	}
	return newState(was, c.in.Account), nil
}

// fresh returns the state of a table that is not there.
func (c *commit) fresh() *state {
	name := c.in.Table.Name
	return newState(&dataset.DeltaTable{Name: name, ID: newID(c.in.Token, name), Created: moment(c.in.Now().UnixMilli()), Version: -1}, c.in.Account)
}

// ours reports whether a version is of a publish of the same account.
func (c *commit) ours(e *entry) bool {
	marks := e.info().Marks
	if marks == nil {
		return false
	}
	for i := range e.actions {
		if t := e.actions[i].Txn; t != nil && t.App == appOf(c.in.Account) && t.Version == marks.Snapshot {
			return true
		}
	}
	return false
}

// adopt reads the whole log, whoever wrote it.
func (c *commit) adopt(ctx context.Context) (*state, bool, error) {
	s, err := c.log.replay(ctx, c.in.Account)
	if err != nil {
		return nil, false, err
	}
	if s == nil {
		return c.fresh(), false, nil
	}
	if s.ID == "" {
		s.ID = newID(c.in.Token, s.Name)
	}
	return s, true, s.supported()
}

// stamp says where timestamps begin that are in the log, if the program that wrote the last version did without.
func (s *state) stamp(at time.Time) {
	if s.metadata.Configuration[enableTimestamps] != "true" {
		s.Stamped = &dataset.DeltaVersion{Version: s.Version + 1, At: at}
	}
}
