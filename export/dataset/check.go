package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// maxCount bounds rows, bytes and changes, so that sums of them cannot overflow.
const maxCount = 1 << 50

// maxKey bounds the columns of a key.
const maxKey = 8

var (
	tablePattern = regexp.MustCompile(`^[a-z_]{1,100}$`)
	sumPattern   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Check returns what is wrong with a manifest, nil if nothing is. A manifest that fails is neither written nor read, so
// the rest of the program can rely on it. Errors quote names, never keys.
func (m *Manifest) Check() error {
	if m.Format != Format {
		return fmt.Errorf("format version %d", m.Format)
	}
	if m.Snapshot < 1 || m.Snapshot > maxCount {
		return fmt.Errorf("snapshot %d", m.Snapshot)
	}
	if err := checkTimes(m.CommittedAt); err != nil {
		return fmt.Errorf("committed_at: %w", err)
	}
	if err := m.Privacy.check(); err != nil {
		return fmt.Errorf("privacy: %w", err)
	}
	if m.Feed.Keep < 0 || m.Feed.Keep > maxCount {
		return fmt.Errorf("feed: keep_seconds %d", m.Feed.Keep)
	}
	if err := m.Publication.check(m); err != nil {
		return fmt.Errorf("publication: %w", err)
	}
	for i := range m.Tables {
		t := &m.Tables[i]
		if i > 0 && t.Name <= m.Tables[i-1].Name {
			return fmt.Errorf("table %s is out of order, or there twice", quote(t.Name))
		}
		if err := t.check(m.Snapshot); err != nil {
			return fmt.Errorf("table %s: %w", quote(t.Name), err)
		}
	}
	return nil
}

func (t *TableState) check(snapshot int64) error {
	if !tablePattern.MatchString(t.Name) || !filepath.IsLocal(t.Name) || t.Name == ChangesDir {
		return errors.New("this is not a table name")
	}
	if err := t.checkColumns(); err != nil {
		return err
	}
	for _, n := range []int64{t.Last.Added, t.Last.Changed, t.Last.Deleted, t.Last.Rebuilt, t.Total.Added, t.Total.Changed, t.Total.Deleted, t.Total.Rebuilt,
		t.Counted.Read, t.Counted.Still} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("count of changes or lists %d", n)
		}
	}
	if t.ChangedIn < 1 || t.ChangedIn > snapshot {
		return fmt.Errorf("changed_in %d", t.ChangedIn)
	}
	if err := errors.Join(t.checkTimes(), t.checkLists(), t.checkFeed()); err != nil {
		return err
	}
	return t.checkParts()
}

func (t *TableState) checkTimes() error {
	if t.GreatestUpdatedAt != nil {
		if err := checkTimes(*t.GreatestUpdatedAt); err != nil {
			return err
		}
	}
	return checkTimes(t.ScanStarted, t.ScanEnded)
}

// checkLists checks what is said of lists read for each row of another table.
func (t *TableState) checkLists() error {
	var last schema.Key
	for i, l := range t.Lists {
		if err := checkTimes(l.At); err != nil {
			return fmt.Errorf("lists: %w", err)
		}
		open := len(l.Until) == 0
		if open != (i == len(t.Lists)-1) || len(l.Until) > maxKey || !open && last != nil && l.Until.Compare(last) <= 0 {
			return errors.New("lists: the ranges do not follow each other to the end")
		}
		last = l.Until
	}
	for _, key := range t.Behind {
		if len(key) == 0 || len(key) > maxKey {
			return errors.New("behind: a key has no columns or too many")
		}
	}
	return nil
}

// checkTimes requires UTC, so that an instant is always written in the same way, and a year that RFC 3339 can express.
func checkTimes(times ...time.Time) error {
	for _, at := range times {
		if _, offset := at.Zone(); offset != 0 {
			return errors.New("a time is not in UTC")
		}
		if y := at.Year(); y < 0 || y > 9999 {
			return errors.New("a time is out of range")
		}
	}
	return nil
}

func (t *TableState) checkColumns() error {
	seen := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		if err := checkColumn(c); err != nil {
			return fmt.Errorf("column %s: %w", quote(c.Name), err)
		}
		folded := strings.ToLower(c.Name)
		if seen[folded] {
			return fmt.Errorf("column %s is there twice", quote(c.Name))
		}
		seen[folded] = true
	}
	return t.checkKey()
}

func checkColumn(c schema.Column) error {
	bad := func(r rune) bool { return strings.ContainsRune(" ,;{}()=", r) || unicode.IsControl(r) }
	if c.Name == "" || strings.ContainsFunc(c.Name, bad) || !utf8.ValidString(c.Name) {
		return errors.New("this is not a column name")
	}
	if c.Kind < schema.String || c.Kind >= schema.Raw {
		return fmt.Errorf("%v is not a type of stored columns", c.Kind)
	}
	if c.Path != "" && (c.Name == schema.Rescued || c.Name == schema.SyncedAt) {
		return errors.New("the API does not send it")
	}
	return nil
}

func (t *TableState) checkKey() error {
	if len(t.Key) == 0 || len(t.Key) > maxKey {
		return fmt.Errorf("a key of %d columns", len(t.Key))
	}
	for i, name := range t.Key {
		if slices.Contains(t.Key[:i], name) {
			return fmt.Errorf("key column %s is there twice", quote(name))
		}
		if !slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Name == name }) {
			return fmt.Errorf("key column %s does not exist", quote(name))
		}
	}
	if len(t.Order) > 0 && !slices.Equal(slices.Sorted(slices.Values(t.Order)), slices.Sorted(slices.Values(t.Key))) {
		return errors.New("rows are not ordered by the key")
	}
	return nil
}

func (t *TableState) checkParts() error {
	if len(t.Parts) == 0 {
		return errors.New("no parts")
	}
	var rows int64
	seen := make(map[string]bool, len(t.Parts))
	for i := range t.Parts {
		p := &t.Parts[i]
		if part.TableOf(p.Path) != t.Name || seen[p.Path] {
			return fmt.Errorf("part path %s is not one of this table, or is there twice", quote(p.Path))
		}
		seen[p.Path] = true
		if p.ChangedIn < 1 || p.ChangedIn > t.ChangedIn {
			return fmt.Errorf("part %s: changed_in %d", p.Path, p.ChangedIn)
		}
		if err := p.Check(len(t.Key)); err != nil {
			return fmt.Errorf("part %s: %w", p.Path, err)
		}
		if err := t.checkRange(i); err != nil {
			return fmt.Errorf("part %s: %w", p.Path, err)
		}
		rows += p.Rows
	}
	if rows != t.Rows {
		return fmt.Errorf("%d rows, but its parts have %d", t.Rows, rows)
	}
	return nil
}

// checkRange checks part i against the bounds of its range. The first part's range has no lower bound, so that every key
// belongs to a part.
func (t *TableState) checkRange(i int) error {
	p := &t.Parts[i]
	if i == 0 && len(p.From) != 0 {
		return errors.New("the first part's range has a lower bound")
	}
	if i > 0 && (len(p.From) != len(t.Key) || p.From.Compare(t.Parts[i-1].From) <= 0) {
		return errors.New("its range is not above that of the part before it")
	}
	if p.Rows == 0 {
		return nil
	}
	if p.RowGroups[0].First.Compare(p.From) < 0 {
		return errors.New("its first key is below its range")
	}
	if i+1 < len(t.Parts) && p.LastKey.Compare(t.Parts[i+1].From) >= 0 {
		return errors.New("its last key is above its range")
	}
	return nil
}

// quote quotes a name from a file for a message, shortened if it is very long.
func quote(name string) string {
	if len(name) > 100 {
		name = name[:100] + "..."
	}
	return fmt.Sprintf("%q", name)
}
