package part

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailerlake/schema"
)

var (
	partPattern = regexp.MustCompile(`^([a-z_]{1,100})/part-[0-9]{5,9}\.parquet$`)
	sumPattern  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// maxCount bounds rows and bytes, so that sums of them cannot overflow.
const maxCount = 1 << 50

// Part is one Parquet file of a table. Its range goes from From up to the From of the part that follows it.
type Part struct {
	// Path is relative to the dataset, with slashes: "subscriber/part-00000.parquet".
	Path string `json:"path"`
	// From is the lower bound of the part's range, for life; empty for the first part: from the beginning.
	From  schema.Key `json:"from,omitempty"`
	Rows  int64      `json:"rows"`
	Bytes int64      `json:"bytes"`
	// SHA256 is the checksum of the file, in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// ChangedIn is the snapshot in which the part was last written.
	ChangedIn int64 `json:"changed_in"`
	// RowGroups are the file's row groups, none empty; none at all if the part has no rows.
	RowGroups []RowGroup `json:"row_groups,omitempty"`
	// LastKey is the greatest key in the part; empty if the part has no rows.
	LastKey schema.Key `json:"last_key,omitempty"`
}

// RowGroup is one row group of a part.
type RowGroup struct {
	Rows  int64      `json:"rows"`
	First schema.Key `json:"first"` // the key of its first row
	// Bytes is how long its pages are, which follow those of the row group before it, and Pages a checksum of their headers. With
	// these what is sound of a damaged part is found, and is not taken for that of another version. They are empty in parts that
	// older programs wrote.
	Bytes int64  `json:"bytes,omitzero"`
	Pages string `json:"pages,omitempty"`
}

// Number returns the number in the part's name, -1 if the path is not that of a part.
func (p *Part) Number() int {
	_, number, _ := strings.Cut(strings.TrimSuffix(path.Base(p.Path), Suffix), prefix)
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// Clone returns a copy that shares no memory with p.
func (p *Part) Clone() Part {
	c := *p
	c.From, c.LastKey = slices.Clone(p.From), slices.Clone(p.LastKey)
	c.RowGroups = slices.Clone(p.RowGroups)
	for i := range c.RowGroups {
		c.RowGroups[i].First = slices.Clone(c.RowGroups[i].First)
	}
	return c
}

const (
	prefix = "part-"
	Suffix = ".parquet"
)

// Path returns the path of a table's part, relative to the dataset, with slashes.
func Path(table string, number int) string {
	return fmt.Sprintf("%s/%s%05d%s", table, prefix, number, Suffix)
}

// Check returns what is wrong with a manifest's description of a part, nil if nothing is. Keys have the given number of
// columns.
func (p *Part) Check(columns int) error {
	if p.Rows < 0 || p.Rows > maxCount || p.Bytes < 0 || p.Bytes > maxCount {
		return errors.New("rows or bytes out of range")
	}
	if !sumPattern.MatchString(p.SHA256) {
		return errors.New("no checksum")
	}
	var rows, bytes int64
	var last schema.Key
	for _, g := range p.RowGroups {
		if g.Rows < 1 || g.Rows > p.Rows-rows {
			return errors.New("its row groups do not have its rows")
		}
		if len(g.First) != columns || (last != nil && g.First.Compare(last) <= 0) {
			return errors.New("its row groups are not in key order")
		}
		if g.Bytes < 0 || g.Bytes > p.Bytes-bytes {
			return errors.New("its row groups do not have its bytes")
		}
		rows, bytes, last = rows+g.Rows, bytes+g.Bytes, g.First
	}
	if rows != p.Rows {
		return errors.New("its row groups do not have its rows")
	}
	return p.checkLast(columns, last)
}

// checkLast checks the last key against the first key of the last row group, nil if there is none.
func (p *Part) checkLast(columns int, first schema.Key) error {
	if first == nil {
		if len(p.LastKey) != 0 {
			return errors.New("it has a last key but no rows")
		}
		return nil
	}
	alone := p.RowGroups[len(p.RowGroups)-1].Rows == 1
	if c := p.LastKey.Compare(first); len(p.LastKey) != columns || c < 0 || (c == 0) != alone {
		return errors.New("its last key does not follow its row groups")
	}
	return nil
}

// TableOf returns the table that a part's path belongs to, empty if the path is not that of a part. Only parts are ever
// read, replaced or removed, whatever a manifest or journal says.
func TableOf(path string) string {
	m := partPattern.FindStringSubmatch(path)
	if m == nil || !filepath.IsLocal(filepath.FromSlash(path)) {
		return ""
	}
	return m[1]
}
