package feed_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
)

// changesOf reads the changes since a snapshot to the end.
func (l *lake) changesOf(since int64) (rows int, err error) {
	d, state := l.open()
	for c, err := range feed.Changes(context.Background(), d, state, since) {
		if err != nil {
			return rows, err
		}
		rows += len(c.Kinds)
	}
	return rows, nil
}

// grown returns a lake of some snapshots.
func grown(t *testing.T, snapshots int64) *lake {
	l := newLake(t, 1)
	for s := range snapshots {
		l.next(s+1, 60)
	}
	return l
}

// TestDamagedChangeFile: whatever is wrong with a file, it is named.
func TestDamagedChangeFile(t *testing.T) {
	for name, damage := range map[string]func(*lake, string){
		"gone":    func(l *lake, name string) { _ = os.Remove(name) },
		"cut":     func(l *lake, name string) { _ = os.Truncate(name, 100) },
		"changed": func(l *lake, name string) { flip(t, name) },
	} {
		l := grown(t, 4)
		path := dataset.ChangesPath(l.state.Name, 3)
		damage(l, filepath.Join(l.dir, path))
		_, err := l.changesOf(1)
		if bad, ok := errors.AsType[*feed.FileError](err); !ok || bad.Path != path {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := l.changesOf(3); err != nil {
			t.Errorf("%s: the later changes: %v", name, err)
		}
	}
}

func flip(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// forge puts other bytes in the place of a change file, with the manifest's word for them.
func (l *lake) forge(i int, data []byte) {
	sum := sha256.Sum256(data)
	c := &l.state.Changes[i]
	c.Bytes, c.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
	l.put(dataset.ChangesPath(l.state.Name, c.Snapshot), data)
	l.state.ChangedIn = max(l.state.ChangedIn, c.Snapshot)
	m := &dataset.Manifest{Format: dataset.Format, Program: "mailerlake 1", Account: dataset.Account{ID: "1"}, Snapshot: l.state.ChangedIn,
		CommittedAt: at(1), Tables: []dataset.TableState{l.state}}
	encoded, err := dataset.EncodeManifest(m)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(dataset.ManifestName, encoded)
}

// TestForeignChangeFile: a file with the right checksum that is not what a snapshot changed is refused.
func TestForeignChangeFile(t *testing.T) {
	first := func(l *lake) []byte {
		data, err := os.ReadFile(filepath.Join(l.dir, dataset.ChangesPath(l.state.Name, l.state.Changes[0].Snapshot)))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, other := range map[string]func(*lake) []byte{
		"another snapshot's": func(l *lake) []byte { // its inserts come twice
			l.state.Changes[1].Rows = l.state.Changes[0].Rows
			return first(l)
		},
		"a part": func(l *lake) []byte {
			data, err := os.ReadFile(filepath.Join(l.dir, l.state.Parts[0].Path))
			if err != nil {
				t.Fatal(err)
			}
			l.state.Changes[1].Rows = l.state.Parts[0].Rows
			return data
		},
		"no Parquet": func(l *lake) []byte { return slices.Repeat([]byte("text "), 100) },
	} {
		l := grown(t, 3)
		l.forge(1, other(l))
		if _, err := l.changesOf(1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestChangesBesideOtherRows: change files that do not fit the present rows are noticed.
func TestChangesBesideOtherRows(t *testing.T) {
	l := grown(t, 3)
	for key := range l.rows {
		delete(l.rows, key)
	}
	l.writeParts(3)
	l.forge(1, func() []byte {
		data, _ := os.ReadFile(filepath.Join(l.dir, dataset.ChangesPath(l.state.Name, 3)))
		return data
	}())
	if _, err := l.changesOf(1); err == nil {
		t.Error("no error")
	}
}

// TestEnoughChanges: who stops early is called no more.
func TestEnoughChanges(t *testing.T) {
	l := grown(t, 3)
	defer feed.Bound(2, 2, 0)()
	d, state := l.open()
	n := 0
	for range feed.Changes(context.Background(), d, state, 1) {
		if n++; n == 2 {
			break
		}
	}
	for range feed.RowsAt(context.Background(), d, state, 1) {
		break
	}
	if n != 2 {
		t.Errorf("%d runs", n)
	}
}

func TestKnownSince(t *testing.T) {
	state := &dataset.TableState{CreatedIn: 3, ChangesSince: 5, ChangedIn: 9, Changes: []dataset.ChangeFile{{Snapshot: 5, History: true}, {Snapshot: 7, History: true}}}
	for since, want := range []feed.Known{feed.All, feed.All, feed.All, feed.Unknown, feed.Unknown, feed.Kept, feed.Kept} {
		if got := feed.KnownSince(state, int64(since)); got != want {
			t.Errorf("since %d: got %d, want %d", since, got, want)
		}
	}
	if got := feed.HistorySince(state); got != 4 { // before the column was widened
		t.Errorf("the history reaches back to %d, want 4", got)
	}
	state.Changes[0].History = false
	if got := feed.HistorySince(state); got != 5 {
		t.Errorf("the history reaches back to %d, want 5", got)
	}
	state.Changes = nil
	if got := feed.HistorySince(state); got != 5 {
		t.Errorf("without files, the history reaches back to %d, want 5", got)
	}
}
