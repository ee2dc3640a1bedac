package dataset

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"mailerlake/export/disk"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// MaxRecord bounds the size of a manifest or journal, in bytes. A billion rows need a tenth of it.
const MaxRecord = 64 << 20

// DamagedError says that a file of the dataset is not as this program wrote it. Nothing was changed.
type DamagedError struct {
	Path   string // of the file or directory, as the operating system names it
	Reason string
	Hint   string // what to do next
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %s; %s", e.Path, e.Reason, e.Hint)
}

// VersionError says that a manifest or journal has a format version that this program does not know.
type VersionError struct {
	Path         string
	Found, Known int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has format version %d, %s; %s", e.Path, e.Found, e.Reason(), e.Hint())
}

// Reason says why this program does not read the version; it follows the number.
func (e *VersionError) Reason() string {
	if e.Found < oldestFormat {
		return fmt.Sprintf("and this program reads those from %d to %d", oldestFormat, e.Known)
	}
	return fmt.Sprintf("and this program knows those up to %d", e.Known)
}

// Hint says what to do next.
func (e *VersionError) Hint() string {
	if e.Found < oldestFormat {
		return "export into a new directory"
	}
	return "a newer mailerlake is needed"
}

const (
	manifestHint = "restore it from a backup, or export into a new directory"
	journalHint  = "run mailerlake export --repair to rebuild the dataset from a fresh scan"
)

// EncodeManifest returns a manifest as it is stored: indented JSON, the same bytes for the same state, with a checksum.
// It is an error if the manifest fails Check.
func EncodeManifest(m *Manifest) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	data, err := json.Marshal(m, encodeOptions, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	data = seal(append(data, '\n'))
	if len(data) > MaxRecord {
		return nil, fmt.Errorf("write manifest: %d bytes are more than the %d that it may have; keep changes for a shorter time with --keep-changes", len(data), MaxRecord)
	}
	return data, nil
}

// The checksum of a manifest is a line of its own, the third, and covers all other lines exactly as they are:
//
//	grep -v '^  "sha256"' manifest.json | sha256sum
const (
	sealLine  = "  \"sha256\": \"%s\",\n"
	sealBytes = len(sealLine) - len("%s") + 2*sha256.Size
)

// seal inserts the checksum after the first member, the format version.
func seal(data []byte) []byte {
	return slices.Insert(data, sealAt(data), fmt.Appendf(nil, sealLine, sumOf(data))...)
}

// unseal cuts the checksum out again and reports whether it matched.
func unseal(data []byte) (rest []byte, ok bool) {
	at := sealAt(data)
	if len(data) < at+sealBytes {
		return nil, false
	}
	rest = slices.Concat(data[:at], data[at+sealBytes:])
	return rest, bytes.Equal(seal(slices.Clone(rest)), data)
}

// sealAt returns where the third line begins.
func sealAt(data []byte) int {
	at := bytes.IndexByte(data, '\n') + 1
	return at + bytes.IndexByte(data[at:], '\n') + 1
}

// DecodeManifest reads a stored manifest; path is for errors. A format version that this program does not know is a
// *VersionError; a wrong checksum, a member it does not know, or content that fails Check is a *DamagedError.
func DecodeManifest(path string, data []byte) (*Manifest, error) {
	format, err := formatOf(path, data, manifestHint)
	if err != nil {
		return nil, err
	}
	data, ok := unseal(data)
	if !ok {
		return nil, &DamagedError{path, "its checksum does not match", manifestHint}
	}
	var m Manifest
	if err := json.Unmarshal(data, &m, readOptions(format)); err != nil {
		return nil, &DamagedError{path, reason(err), manifestHint}
	}
	m.upgrade(format)
	if err := m.Check(); err != nil {
		return nil, &DamagedError{path, err.Error(), manifestHint}
	}
	m.normalize()
	return &m, nil
}

// normalize gives all times the same location, that of UTC.
func (m *Manifest) normalize() {
	m.CommittedAt = m.CommittedAt.UTC()
	m.Publication.normalize()
	for i := range m.Tables {
		t := &m.Tables[i]
		t.ScanStarted, t.ScanEnded = t.ScanStarted.UTC(), t.ScanEnded.UTC()
		for j := range t.Lists {
			t.Lists[j].At = t.Lists[j].At.UTC()
		}
		for j := range t.Changes {
			t.Changes[j].At = t.Changes[j].At.UTC()
		}
		if t.GreatestUpdatedAt != nil {
			*t.GreatestUpdatedAt = t.GreatestUpdatedAt.UTC()
		}
	}
}

var (
	encodeOptions = json.JoinOptions(json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))
	decodeOptions = json.RejectUnknownMembers(true)
)

// formatOf returns the format version of a manifest or journal, if this program reads it. It reads the version alone, since
// another version may differ in everything else.
func formatOf(path string, data []byte, hint string) (int, error) {
	var head struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return 0, &DamagedError{path, reason(err), hint}
	}
	if head.Format == nil {
		return 0, &DamagedError{path, "it has no format version", hint}
	}
	if *head.Format < oldestFormat || *head.Format > Format {
		return 0, &VersionError{path, *head.Format, Format}
	}
	return *head.Format, nil
}

// reason says where JSON is wrong. It quotes no values, which may be personal data.
func reason(err error) string {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("invalid JSON at byte %d", syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		if errors.Is(err, json.ErrUnknownName) {
			return "this program does not know member " + quote(string(semantic.JSONPointer))
		}
		return "invalid value in member " + quote(string(semantic.JSONPointer))
	}
	return "invalid JSON"
}

// readRecord reads a manifest or journal, whose size is bounded.
func readRecord(fsys disk.FS, name, hint string) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, MaxRecord+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxRecord {
		return nil, &DamagedError{name, "it is too large", hint}
	}
	return data, nil
}
