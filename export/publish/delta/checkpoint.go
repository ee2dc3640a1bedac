package delta

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/parquet-go/parquet-go"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// checkpointEvery is how many versions a reader has to read at most beside a checkpoint.
const checkpointEvery = 20

// checkpointRows are read or written at a time.
const checkpointRows = 256

// pointer is the content of _last_checkpoint.
type pointer struct {
	Version int64 `json:"version"`
	Size    int   `json:"size"` // actions
	Bytes   int   `json:"sizeInBytes"`
	Files   int   `json:"numOfAddFiles"`
}

// checkpointDue reports whether a version is to get a checkpoint.
func (s *state) checkpointDue() bool {
	last := s.Oldest
	if n := len(s.Checkpoints); n > 0 {
		last = s.Checkpoints[n-1].Version
	}
	return s.Version-last >= checkpointEvery
}

// checkpoint writes the state of the present version, whose metadata and files are those that it should have.
func (c *commit) checkpoint(ctx context.Context, s *state) error {
	actions, err := c.actionsOf(ctx, s)
	if err != nil {
		return fmt.Errorf("write checkpoint of Delta table %s: %w", s.Name, err)
	}
	data, err := encodeCheckpoint(actions, c.in.Program)
	if err != nil {
		return fmt.Errorf("write checkpoint of Delta table %s: %w", s.Name, err)
	}
	if err := c.log.put(ctx, checkpointName(s.Version), data, store.Always()); err != nil {
		return err
	}
	last, err := json.Marshal(&pointer{s.Version, len(actions), len(data), len(s.files)})
	if err != nil {
		return err
	}
	if err := c.log.put(ctx, lastCheckpoint, last, store.Always()); err != nil {
		return err
	}
	s.Checkpoints = append(s.Checkpoints, dataset.DeltaVersion{Version: s.Version, At: s.At})
	return nil
}

// actionsOf returns the actions that make up a state.
func (c *commit) actionsOf(ctx context.Context, s *state) ([]action, error) {
	metadata, err := c.metadata(s)
	if err != nil {
		return nil, err
	}
	actions := []action{{Protocol: protocolOf(s.Features)}, {MetaData: metadata}, {Txn: &txn{App: s.app, Version: s.Snapshot, Updated: s.At.UnixMilli()}}}
	for _, t := range s.Transactions {
		actions = append(actions, action{Txn: &txn{App: t.App, Version: t.Version}})
	}
	for _, f := range sorted(s.files) {
		stats, err := statsOf(ctx, c.in, c.parts[f.Path])
		if err != nil {
			return nil, err
		}
		actions = append(actions, action{Add: addOf(f, stats, false)})
	}
	for _, f := range sorted(s.removed) {
		actions = append(actions, action{Remove: removeOf(f, false)})
	}
	return actions, nil
}

// encodeCheckpoint writes actions as the rows of a Parquet file.
func encodeCheckpoint(actions []action, program string) ([]byte, error) {
	var out bytes.Buffer
	name, version, _ := strings.Cut(program, " ")
	w := parquet.NewGenericWriter[action](&out, parquet.Compression(&parquet.Snappy), parquet.CreatedBy(name, version+" ", "0"))
	for len(actions) > 0 {
		n := min(checkpointRows, len(actions))
		if _, err := w.Write(actions[:n]); err != nil {
			return nil, err
		}
		actions = actions[n:]
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeCheckpoint reads a checkpoint that any program may have written.
func decodeCheckpoint(data []byte) (actions []action, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics on damaged files
			err = fmt.Errorf("it is damaged: %v", p)
		}
	}()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	r := parquet.NewGenericReader[action](file)
	defer r.Close()
	for {
		rows := make([]action, checkpointRows)
		n, err := r.Read(rows)
		actions = append(actions, rows[:n]...)
		if err == io.EOF {
			return actions, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
