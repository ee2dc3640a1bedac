package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"mailerlake/export/disk"
	"mailerlake/export/part"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// logPattern matches the names of page logs: no separators, and nothing that is special on any platform.
var (
	logPattern   = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,199}$`)
	tokenPattern = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

// journal says what is left to do once a commit has passed its point of commit. Sizes and checksums of the files are
// those in Next.
type journal struct {
	// Token is in the names of the staged files.
	Token string `json:"token"`
	// Install lists the parts and change files to rename into place. What one step renames is durable before the next step
	// begins.
	Install [][]string `json:"install"`
	// Remove lists the parts and change files that Next no longer has.
	Remove []string `json:"remove"`
	// Logs are the names of the page logs that the commit consumed.
	Logs []string  `json:"logs"`
	Next *Manifest `json:"next"`
}

// envelope is a journal as it is stored. The checksum finds what the manifest's rules cannot, such as a changed digit
// in a count.
type envelope struct {
	Format int            `json:"format"`
	SHA256 string         `json:"sha256"` // of Commit's bytes
	Commit jsontext.Value `json:"commit"`
}

func encodeJournal(j *journal) ([]byte, error) {
	if err := j.check(); err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	body, err := json.Marshal(j, encodeOptions)
	if err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	data, err := json.Marshal(envelope{Format: Format, SHA256: sumOf(body), Commit: body}, encodeOptions)
	if err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	if len(data) > MaxRecord {
		return nil, fmt.Errorf("write journal: %d bytes are more than the %d that it may have; keep changes for a shorter time with --keep-changes", len(data), MaxRecord)
	}
	return data, nil
}

// decodeJournal reads a stored journal and trusts nothing in it; path is for errors.
func decodeJournal(path string, data []byte) (*journal, error) {
	format, err := formatOf(path, data, journalHint)
	if err != nil {
		return nil, err
	}
	damaged := func(reason string) (*journal, error) { return nil, &DamagedError{path, reason, journalHint} }
	var e envelope
	if err := json.Unmarshal(data, &e, decodeOptions); err != nil {
		return damaged(reason(err))
	}
	if sumOf(e.Commit) != e.SHA256 {
		return damaged("its checksum does not match")
	}
	var j journal
	if err := json.Unmarshal(e.Commit, &j, readOptions(format)); err != nil {
		return damaged(reason(err))
	}
	if j.Next != nil {
		if j.Next.Format != format { // which the checksum covers
			return damaged("its format version is not that of its manifest")
		}
		j.Next.upgrade(format)
	}
	if err := j.check(); err != nil {
		return damaged(err.Error())
	}
	j.Next.normalize()
	return &j, nil
}

// check returns what is wrong with a journal. One that passes names only parts, change files and page logs.
func (j *journal) check() error {
	if j.Next == nil || !tokenPattern.MatchString(j.Token) {
		return errors.New("no next manifest or no token")
	}
	if err := j.Next.Check(); err != nil {
		return err
	}
	files, seen := j.Next.files(), make(map[string]bool)
	for _, step := range j.Install {
		for _, path := range step {
			if _, ok := files[path]; seen[path] || !ok {
				return fmt.Errorf("file %s is there twice, or not in the manifest", quote(path))
			}
			seen[path] = true
		}
	}
	for _, path := range j.Remove {
		if _, stays := files[path]; seen[path] || !ours(path) || stays {
			return fmt.Errorf("file %s cannot be removed", quote(path))
		}
		seen[path] = true
	}
	return checkLogs(j.Logs)
}

func checkLogs(names []string) error {
	for _, name := range names {
		if !logPattern.MatchString(name) || !filepath.IsLocal(name) {
			return fmt.Errorf("%s is not the name of a page log", quote(name))
		}
	}
	return nil
}

// content is what a manifest says of the content of a file.
type content struct {
	bytes int64
	sum   string // SHA-256
}

// files returns the parts and change files that a manifest names, by path.
func (m *Manifest) files() map[string]content {
	files := make(map[string]content)
	for f := range m.Files() {
		files[f.Path] = content{f.Bytes, f.SHA256}
	}
	return files
}

// ours reports whether a path is that of a part or of a change file. No other files are ever read, replaced or removed,
// whatever a manifest or journal says.
func ours(path string) bool {
	table := part.TableOf(path)
	return table != "" && table != ChangesDir || ChangesOf(path) != ""
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// readJournal returns nil if there is no journal.
func (d *Dataset) readJournal() (*journal, error) {
	name := d.path(JournalName)
	there, err := disk.Exists(d.fsys, name)
	if err != nil || !there {
		return nil, err
	}
	data, err := readRecord(d.fsys, name, journalHint)
	if err != nil {
		return nil, err
	}
	return decodeJournal(name, data)
}
