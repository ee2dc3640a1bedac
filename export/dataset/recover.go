package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// Recover finishes a commit that has passed its point of commit, and removes what is left of one that has not. It
// reports whether there was one to finish; Manifest is then the new state. The lock must be held. Every staged file is
// checked before the first file is touched. Until then the context can end Recover, with nothing changed. It may be
// killed, and called again, at any moment. A journal that is damaged or does not fit the dataset is a *DamagedError,
// one of another format version is a *VersionError; nothing is changed then.
func (d *Dataset) Recover(ctx context.Context) (rolledForward bool, err error) {
	if !d.locked {
		return false, errors.New("recover: the dataset is not locked")
	}
	j, err := d.readJournal()
	if err != nil {
		return false, fmt.Errorf("recover: %w", err)
	}
	if j == nil {
		return false, d.removeUnfinished()
	}
	d.pending = true
	if err := d.checkFollows(j); err != nil {
		return false, fmt.Errorf("recover: %w", err)
	}
	done, err := d.verify(ctx, j)
	if err != nil {
		return false, fmt.Errorf("recover: %w", err)
	}
	err = d.fsys.SyncDir(d.path(PrivateDir)) // the journal's name has to be durable before the parts' names
	if err == nil {
		err = d.apply(j, done)
	}
	if err != nil {
		return false, fmt.Errorf("recover: %w", &UnfinishedError{d.dir, j.Next.Snapshot, err})
	}
	return true, nil
}

// Abandon drops a commit that Recover cannot finish, and the change files that it has put in place. Parts that it has
// already replaced no longer match the manifest, so they count as damaged and have to be rebuilt; so do change files
// that it has already removed. The lock must be held.
func (d *Dataset) Abandon() error {
	if !d.locked {
		return errors.New("abandon commit: the dataset is not locked")
	}
	if err := errors.Join(d.dropLaterChanges(), d.dropJournal()); err != nil {
		return fmt.Errorf("abandon commit: %w", err)
	}
	return d.removeUnfinished()
}

// removeUnfinished removes what is left of commits that did not reach their point of commit.
func (d *Dataset) removeUnfinished() error {
	d.pending = false
	err := errors.Join(disk.RemoveFile(d.fsys, d.path(journalTemp)), d.fsys.RemoveAll(d.path(StagedDir)))
	if err != nil {
		return fmt.Errorf("remove unfinished commit: %w", err)
	}
	return nil
}

// checkFollows checks that the dataset is in the state before the journal's commit or in the one after it. A missing
// manifest is written again.
func (d *Dataset) checkFollows(j *journal) error {
	now, err := d.readManifest()
	if err != nil || now == nil {
		return err
	}
	before := now.Snapshot == j.Next.Snapshot-1 && now.Account.ID == j.Next.Account.ID
	if before || same(now, j.Next) {
		return nil
	}
	reason := fmt.Sprintf("it is for snapshot %d, and the dataset is at %d", j.Next.Snapshot, now.Snapshot)
	return &DamagedError{d.path(JournalName), reason, journalHint}
}

// verify checks that every file of the journal is staged or in place, as the manifest describes it, and returns those
// in place.
func (d *Dataset) verify(ctx context.Context, j *journal) (done map[string]bool, err error) {
	files := j.Next.files()
	done = make(map[string]bool)
	for _, name := range slices.Concat(j.Install...) {
		want := files[name]
		if done[name], err = d.matches(ctx, d.path(name), want); err != nil {
			return nil, err
		}
		if done[name] {
			continue
		}
		temp := d.path(stagedName(name, j.Token))
		staged, err := d.matches(ctx, temp, want)
		if err != nil {
			return nil, err
		}
		if !staged {
			return nil, &DamagedError{temp, "it is not the file " + name + " that the journal describes", journalHint}
		}
	}
	return done, nil
}

// matches reports whether a file has the content that a manifest says. A missing file does not.
func (d *Dataset) matches(ctx context.Context, name string, want content) (bool, error) {
	f, err := d.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = part.CheckContent(ctx, f, want.bytes, want.sum)
	var other *part.FileError
	if errors.As(err, &other) {
		return false, nil
	}
	return err == nil, err
}

// apply carries out the journal, except for the files that are in place already. Any step may have been done before;
// the journal is removed last.
func (d *Dataset) apply(j *journal, done map[string]bool) error {
	if err := d.makeTables(j.Next); err != nil {
		return err
	}
	if err := d.makeChanges(j.Install); err != nil {
		return err
	}
	for _, step := range j.Install {
		if err := d.install(j.Token, step, done); err != nil {
			return err
		}
	}
	for _, name := range j.Remove {
		if err := disk.RemoveFile(d.fsys, d.path(name)); err != nil {
			return err
		}
	}
	if err := d.syncTables(j.Remove); err != nil {
		return err
	}
	if err := d.replaceManifest(j.Next); err != nil {
		return err
	}
	if err := d.removeLogs(j.Logs); err != nil {
		return err
	}
	if err := d.dropJournal(); err != nil {
		return err
	}
	d.Manifest, d.pending = j.Next, false
	_ = d.fsys.RemoveAll(d.path(StagedDir)) // empty; the next Begin or Recover tries again
	return nil
}

// makeTables makes the tables' directories durable before a part moves into one and could be lost with it. It syncs in
// any case: an earlier try may have ended right after making them.
func (d *Dataset) makeTables(next *Manifest) error {
	for i := range next.Tables {
		if err := d.fsys.MkdirAll(d.path(next.Tables[i].Name), disk.Shared); err != nil {
			return err
		}
	}
	return d.fsys.SyncDir(d.dir)
}

// makeChanges makes the directories of change files durable, as makeTables does those of tables.
func (d *Dataset) makeChanges(install [][]string) error {
	made := false
	for _, name := range slices.Concat(install...) {
		if ChangesOf(name) == "" {
			continue
		}
		made = true
		if err := d.fsys.MkdirAll(d.path(path.Dir(name)), disk.Shared); err != nil {
			return err
		}
	}
	if !made {
		return nil
	}
	return errors.Join(d.fsys.SyncDir(d.dir), d.fsys.SyncDir(d.path(ChangesDir)))
}

// install renames one step's files into place and makes that durable, including what an earlier try renamed.
func (d *Dataset) install(token string, step []string, done map[string]bool) error {
	for _, name := range step {
		if done[name] {
			continue
		}
		if err := d.fsys.Rename(d.path(stagedName(name, token)), d.path(name)); err != nil {
			return err
		}
	}
	return d.syncTables(step)
}

// syncTables syncs the directories of files. A directory that is gone needs no sync.
func (d *Dataset) syncTables(files []string) error {
	synced := make(map[string]bool)
	for _, name := range files {
		dir := path.Dir(name)
		if synced[dir] {
			continue
		}
		synced[dir] = true
		if err := d.fsys.SyncDir(d.path(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// replaceManifest replaces the manifest and makes that durable.
func (d *Dataset) replaceManifest(next *Manifest) error {
	data, err := EncodeManifest(next)
	if err != nil {
		return err
	}
	if err := d.fsys.MkdirAll(d.path(StagedDir), disk.Private); err != nil {
		return err
	}
	return disk.ReplaceFile(d.fsys, d.path(manifestTemp), d.path(ManifestName), data, disk.Shared)
}

// removeLogs removes the consumed page logs durably, before the journal that lists them.
func (d *Dataset) removeLogs(names []string) error {
	for _, name := range names {
		if err := disk.RemoveFile(d.fsys, d.path(ScanDir, name)); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := d.fsys.SyncDir(d.path(ScanDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *Dataset) dropJournal() error {
	if err := disk.RemoveFile(d.fsys, d.path(JournalName)); err != nil {
		return err
	}
	return d.fsys.SyncDir(d.path(PrivateDir))
}
