package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailerlake/export/disk"
)

// publishesName is the file with the tokens of the publishes that this dataset has begun and not ended, a line each.
const publishesName = PrivateDir + "/publishes"

// maxPublishes bounds how many of them are kept: the last ones.
const maxPublishes = 32

// Publisher says to people who publishes. It does not tell a dataset from its copy in another container, or on a machine that
// was restored from a backup.
type Publisher struct {
	Host string `json:"host"`
	Path string `json:"path"` // absolute
}

// Publisher returns who this dataset is to its destinations.
func (d *Dataset) Publisher() (p Publisher, err error) {
	if p.Path, err = filepath.Abs(d.dir); err != nil {
		return p, fmt.Errorf("identify dataset %s: %w", d.dir, err)
	}
	host, _ := os.Hostname()
	return Publisher{strings.ToValidUTF8(host, "?"), strings.ToValidUTF8(p.Path, "?")}, nil
}

// BeginPublish notes a publish, by a token that nobody else has, before anybody else can learn of it. The lock must be held.
// So, whoever has the lock knows which publishes of this dataset are dead, and a copy of the dataset, unless it was made
// meanwhile, does not take one that lives elsewhere for its own.
func (d *Dataset) BeginPublish(token string) error {
	return d.changePublishes(func(tokens []string) []string { return append(tokens, token) })
}

// EndPublish notes that publishes need no more to be finished.
func (d *Dataset) EndPublish(ended ...string) error {
	return d.changePublishes(func(tokens []string) []string {
		return slices.DeleteFunc(tokens, func(token string) bool { return slices.Contains(ended, token) })
	})
}

// BeganPublish reports whether this dataset has begun a publish, and not ended it.
func (d *Dataset) BeganPublish(token string) (bool, error) {
	tokens, err := d.publishes()
	return slices.Contains(tokens, token), err
}

// publishes returns the tokens that are noted.
func (d *Dataset) publishes() ([]string, error) {
	data, err := readRecord(d.fsys, d.path(publishesName), journalHint)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read which publishes have not ended: %w", err)
	}
	return strings.Fields(string(data)), nil
}

func (d *Dataset) changePublishes(change func([]string) []string) error {
	if err := d.ready(); err != nil {
		return fmt.Errorf("note a publish: %w", err)
	}
	tokens, err := d.publishes()
	if err != nil {
		return err
	}
	tokens = change(tokens)
	text := strings.Join(tokens[max(0, len(tokens)-maxPublishes):], "\n") + "\n"
	if err := disk.ReplaceFile(d.fsys, d.path(publishesName+".tmp"), d.path(publishesName), []byte(text), disk.Private); err != nil {
		return fmt.Errorf("note a publish: %w", err)
	}
	return nil
}
