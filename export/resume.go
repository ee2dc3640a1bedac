package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// logName returns the name of a table's page log in dataset.ScanDir.
func logName(t *schema.Table) string { return t.Name + ".pages" }

// logPath returns the path of a table's page log.
func (r *Run) logPath(t *tableRun) string { return r.data.Path(dataset.ScanDir, logName(t.table)) }

// openLog opens the page log that an earlier run left, if this run may go on with it, and else starts a new one and
// says why.
func (r *Run) openLog(t *tableRun) (*pagelog.Log, error) {
	header := r.header(t)
	fsys := r.data.FS()
	if err := fsys.MkdirAll(r.data.Path(dataset.ScanDir), disk.Private); err != nil {
		return nil, fmt.Errorf("create page log: %w", err)
	}
	log, err := pagelog.Open(fsys, r.logPath(t), t.table.Order)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.say(t, "starting over: "+err.Error())
	default:
		why := r.unusable(t, log, header)
		if why == "" {
			r.say(t, fmt.Sprintf("going on after %d pages of the scan begun %s", len(log.Frames), log.Header.Started.Format(time.RFC3339)))
			return log, nil
		}
		log.Close()
		if why != restarted {
			r.say(t, "starting over: "+why)
		}
	}
	log, err = pagelog.Create(fsys, r.logPath(t), header, t.table.Order)
	if err != nil {
		return nil, err
	}
	if err := r.keepName(); err != nil {
		return nil, errors.Join(fmt.Errorf("create page log: %w", err), log.Close())
	}
	return log, nil
}

// keepName makes the names of page logs survive a power loss: their pages are synced by their files.
func (r *Run) keepName() error {
	return errors.Join(r.data.FS().SyncDir(r.data.Path(dataset.ScanDir)), r.data.FS().SyncDir(r.data.Path(dataset.PrivateDir)))
}

// dropLog gives up a table's page log.
func (r *Run) dropLog(t *tableRun) error {
	t.log.Close() // it may be closed twice; nothing of it is needed
	if err := r.data.FS().Remove(r.logPath(t)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove page log: %w", err)
	}
	return nil
}

// header describes the scan of a table that this run would begin.
func (r *Run) header(t *tableRun) pagelog.Header {
	h := pagelog.Header{Account: r.account.ID, Table: t.table.Name, Source: fingerprint(t.table), Started: r.now()}
	if t.stored != nil {
		h.Base = t.stored.ScanStarted.Format(time.RFC3339Nano)
	}
	return h
}

// restarted says that a log is not used, which needs no explanation.
const restarted = "restarted"

// unusable says why a log cannot be gone on with; empty if it can.
func (r *Run) unusable(t *tableRun, log *pagelog.Log, now pagelog.Header) string {
	h := log.Header
	_, err := (&tableRun{log: log}).finished()
	switch {
	case r.Restart || len(log.Frames) == 0:
		return restarted
	case h.Account != now.Account:
		return "the page log is of another account"
	case h.Table != now.Table || h.Source != now.Source:
		return "the page log was scanned with other parameters"
	case h.Base != now.Base:
		return "the table was committed since its page log was begun"
	case now.Started.Sub(h.Started) > r.ResumeWithin:
		return fmt.Sprintf("the page log is older than %v", r.ResumeWithin)
	case h.Started.After(now.Started.Add(time.Minute)):
		return "the page log is from the future"
	case err != nil:
		return err.Error()
	case t.table.Source.Paging == schema.ByPage:
		return restarted // page lists are short, and shift; and what they define must be newer than what refers to it
	}
	return ""
}

// fingerprint identifies what a table's scan asks for and how its answers are decoded and protected.
func fingerprint(t *schema.Table) string {
	child := ""
	if t.Child != nil {
		child = t.Child.Table.Name
	}
	drop, hash, check := t.Protected()
	text, err := json.Marshal(struct {
		Source  schema.Source
		Columns []schema.Column
		Open    string
		Child   string
		Drop    []string `json:",omitempty"`
		Hash    []string `json:",omitempty"`
		Key     string   `json:",omitempty"`
	}{t.Source, t.Columns, t.Open, child, drop, hash, check})
	if err != nil {
		panic(err) // declarations are plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
