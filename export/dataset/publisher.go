package dataset

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mailerlake/export/disk"
)

// publisherName is the file with the dataset's identity as a publisher.
const publisherName = PrivateDir + "/publisher"

// Publisher identifies the dataset to its destinations: who publishes. A copy of a dataset has the ID of the original, but
// neither its host nor its path.
type Publisher struct {
	ID   string `json:"id"` // random
	Host string `json:"host"`
	Path string `json:"path"` // absolute
}

var publisherPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Publisher returns the dataset's identity, which is made when it is first asked for. The lock must be held.
func (d *Dataset) Publisher() (Publisher, error) {
	p, err := d.publisher()
	if err != nil {
		return Publisher{}, fmt.Errorf("identify dataset %s: %w", d.dir, err)
	}
	return p, nil
}

func (d *Dataset) publisher() (p Publisher, err error) {
	if err := d.ready(); err != nil {
		return p, err
	}
	if p.Path, err = filepath.Abs(d.dir); err != nil {
		return p, err
	}
	host, _ := os.Hostname()
	p.Host, p.Path = strings.ToValidUTF8(host, "?"), strings.ToValidUTF8(p.Path, "?")
	data, err := readRecord(d.fsys, d.path(publisherName), journalHint)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	if p.ID = strings.TrimSpace(string(data)); publisherPattern.MatchString(p.ID) {
		return p, nil
	}
	var random [16]byte
	rand.Read(random[:]) // never fails
	p.ID = hex.EncodeToString(random[:])
	temp := publisherName + ".tmp"
	return p, disk.ReplaceFile(d.fsys, d.path(temp), d.path(publisherName), []byte(p.ID+"\n"), disk.Private)
}
