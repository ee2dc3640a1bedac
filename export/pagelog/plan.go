package pagelog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"mailerlake/export/disk"
)

const (
	planName = "planned.json"
	planTemp = planName + ".tmp" // until it is whole
	maxPlan  = 64 << 20
)

func (s *Store) planPath() string { return filepath.Join(s.dir, planName) }
func (s *Store) tempPath() string { return filepath.Join(s.dir, planTemp) }

// KeepPlan keeps what a plan decided, beside the logs that it was made from.
func (s *Store) KeepPlan(data []byte) error {
	if len(data) > maxPlan {
		return fmt.Errorf("keep plan: %d bytes are too many", len(data))
	}
	err := s.fsys.MkdirAll(s.dir, disk.Private)
	if err == nil {
		err = disk.ReplaceFile(s.fsys, s.tempPath(), s.planPath(), data, disk.Private)
	}
	if err != nil {
		return fmt.Errorf("keep plan: %w", err)
	}
	return nil
}

// Plan returns what the last plan decided, nil if there is none.
func (s *Store) Plan() ([]byte, error) {
	data, err := s.readPlan()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	return data, nil
}

func (s *Store) readPlan() ([]byte, error) {
	f, err := s.fsys.Open(s.planPath())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPlan+1))
	if err == nil && len(data) > maxPlan {
		err = fmt.Errorf("%s is larger than any plan", planName)
	}
	return data, err
}

// DropPlan removes what the last plan decided, and what is left of one that was only partly written.
func (s *Store) DropPlan() error {
	err := errors.Join(disk.RemoveFile(s.fsys, s.tempPath()), disk.RemoveFile(s.fsys, s.planPath()))
	if err != nil {
		return fmt.Errorf("remove plan: %w", err)
	}
	return nil
}
