package pagelog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"mailerlake/export/disk"
)

const logSuffix = ".pages"

// Store is the directory of a dataset's page logs, one per table, and of what a plan decided. A second directory holds
// copies that only one run needs. It is safe for concurrent use.
type Store struct {
	fsys         disk.FS
	dir, scratch string

	mu     sync.Mutex    // guards what follows
	copies map[*Log]bool // logs in scratch that are open
	made   int           // logs in scratch so far: their names differ

	sorting sync.Mutex          // guards what follows, and is held while a log is sorted
	sorted  map[*Log]sortedCopy // by the log that they were made from
}

// NewStore returns the store in directory dir, with its scratch directory. Neither has to exist.
func NewStore(fsys disk.FS, dir, scratch string) *Store {
	return &Store{fsys: fsys, dir: dir, scratch: scratch, copies: map[*Log]bool{}, sorted: map[*Log]sortedCopy{}}
}

// FileName returns the name of a table's log within the store's directory.
func (s *Store) FileName(table string) string { return table + logSuffix }

func (s *Store) path(table string) string { return filepath.Join(s.dir, s.FileName(table)) }

// Create starts the log of a table. An earlier one is replaced.
func (s *Store) Create(h Header, shape Shape) (*Log, error) {
	l, err := s.create(s.path(h.Table), h, shape)
	if err == nil { // its name survives a power loss; its pages do when they are synced
		if err = errors.Join(s.fsys.SyncDir(s.dir), s.fsys.SyncDir(filepath.Dir(s.dir))); err != nil {
			l.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("create page log: %w", err)
	}
	return l, nil
}

// create starts a log; its directory is made if it is missing.
func (s *Store) create(name string, h Header, shape Shape) (*Log, error) {
	if err := s.fsys.MkdirAll(filepath.Dir(name), disk.Private); err != nil {
		return nil, err
	}
	f, err := s.fsys.Create(name, disk.Private)
	if err != nil {
		return nil, err
	}
	l, err := begin(f, h, shape)
	if err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// Open opens the log of a table and cuts off a torn tail. Damage elsewhere is an error; if there is no log, the error
// is fs.ErrNotExist.
func (s *Store) Open(ctx context.Context, table string, shape Shape) (*Log, error) {
	name := s.path(table)
	if _, err := s.fsys.Stat(name); err != nil { // OpenAppend would make an empty file
		return nil, fmt.Errorf("open page log: %w", err)
	}
	f, err := s.fsys.OpenAppend(name, disk.Private)
	if err != nil {
		return nil, fmt.Errorf("open page log: %w", err)
	}
	l, err := resume(ctx, f, shape)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("page log %s: %w", name, err)
	}
	return l, nil
}

// Remove removes the logs of tables, if there are any.
func (s *Store) Remove(tables ...string) error {
	for _, table := range tables {
		if err := disk.RemoveFile(s.fsys, s.path(table)); err != nil {
			return fmt.Errorf("remove page log: %w", err)
		}
	}
	return nil
}

// Tables returns the names of the tables that have a log, sorted.
func (s *Store) Tables() ([]string, error) {
	entries, err := s.fsys.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list page logs: %w", err)
	}
	var tables []string
	for _, e := range entries {
		if table, ok := strings.CutSuffix(e.Name(), logSuffix); ok && !e.IsDir() {
			tables = append(tables, table)
		}
	}
	return tables, nil
}

// Clear removes everything that the store has on disk.
func (s *Store) Clear() error {
	err := s.DropScratch()
	if removed := s.fsys.RemoveAll(s.dir); removed != nil {
		err = errors.Join(err, fmt.Errorf("remove page logs: %w", removed))
	}
	return err
}
