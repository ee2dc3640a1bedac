package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// tableScan is the scan of one table into a log of its own.
type tableScan struct {
	*Scanner
	r        *Result
	list     *schema.List // nil for a single object
	resumed  bool         // the log has pages of an earlier run
	pace     pace
	decoders decoders
}

// reuse says whether an unfinished log of an earlier run can be used again.
type reuse bool

const (
	resumable reuse = true
	restarted reuse = false // lists by page number shift under a reader, and are short
)

// fillLog reads a table into its page log. It resumes where an earlier run stopped, if the log allows that. walk does
// the reading and says why the scan is incomplete, if it is.
func (s *Scanner) fillLog(ctx context.Context, r *Result, list *schema.List, use reuse, walk func(context.Context, *tableScan) (string, error)) error {
	log, err := s.openLog(ctx, r.Table, use)
	if err != nil {
		return err
	}
	r.Log = log
	pages := log.Stats().Pages
	t := &tableScan{Scanner: s, r: r, list: list, resumed: pages > 0}
	t.pace.begin(log, list, s.countedBefore(r.Table))
	t.progress(false) // shows what is there from an earlier run
	r.Started, r.Resumed = log.Header.Started, t.resumed
	incomplete, err := walk(ctx, t)
	if t.resumed && log.Stats().Pages == pages && refused(err) {
		s.say(r.Table, "starting over: the API does not accept the cursor of the page log: "+err.Error())
		if err := s.Logs.Remove(r.Table.Name); err != nil {
			return errors.Join(err, log.Close())
		}
		log.Close() // nothing of it is needed
		return s.fillLog(ctx, r, list, use, walk)
	}
	if err != nil {
		return errors.Join(err, log.Sync())
	}
	return t.conclude(incomplete)
}

// conclude notes in the log what the scan proved.
func (t *tableScan) conclude(incomplete string) error {
	o := &t.r.Outcome
	o.Ended, o.Incomplete = t.now(), incomplete
	o.judge(t.r.Table, t.r.Log)
	note, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := t.r.Log.Conclude(note); err != nil {
		return err
	}
	t.progress(true) // who hears of it finds the log as it stays
	return nil
}

// openLog opens the page log that an earlier run left, if this run may use it, and else starts a new one and says why.
func (s *Scanner) openLog(ctx context.Context, t *schema.Table, use reuse) (*pagelog.Log, error) {
	header := s.header(t)
	log, err := s.Logs.Open(ctx, t.Name, pagelog.ShapeOf(t))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		s.say(t, "starting over: "+err.Error())
	default:
		why := s.unusable(log, header, use)
		if why == "" {
			s.say(t, fmt.Sprintf("resuming after %s of the scan begun %s", count(int64(log.Stats().Pages), "page"), log.Header.Started.Format(time.RFC3339)))
			return log, nil
		}
		log.Close()
		if why != unexplained {
			s.say(t, "starting over: "+why)
		}
	}
	return s.Logs.Create(header, pagelog.ShapeOf(t))
}

// header describes the scan of a table that this run would begin.
func (s *Scanner) header(t *schema.Table) pagelog.Header {
	return pagelog.Header{Account: s.Account, Table: t.Name, Source: t.Fingerprint(), Base: s.Base(t), Started: s.now()}
}

// unexplained is the reason for not using a log where none has to be given.
const unexplained = "unexplained"

// unusable says why a log cannot be used again; empty if it can.
func (s *Scanner) unusable(log *pagelog.Log, now pagelog.Header, use reuse) string {
	h := log.Header
	_, ended, err := concluded(log)
	switch {
	case s.Restart || log.Stats().Pages == 0 && len(log.Unfinished()) == 0:
		return unexplained
	case h.Account != now.Account:
		return "the page log is of another account"
	case h.Table != now.Table || h.Source != now.Source:
		return "the page log was scanned with other parameters, or by another version"
	case h.Base != now.Base && ended: // kept for what a run reads after its first commit
		return unexplained
	case h.Base != now.Base:
		return "the table was committed after its page log was begun"
	case now.Started.Sub(h.Started) > s.ResumeWithin:
		return fmt.Sprintf("the page log is older than %v", s.ResumeWithin)
	case h.Started.After(now.Started.Add(time.Minute)):
		return "the page log is from the future"
	case err != nil:
		return err.Error()
	case use == restarted:
		return unexplained
	}
	return ""
}

// CheckPlanned says why a log does not hold the scan that a plan was made from; empty if it does.
func CheckPlanned(log *pagelog.Log, t *schema.Table, account, base string, began time.Time, pages int) (o Outcome, why string) {
	want := pagelog.Header{Account: account, Table: t.Name, Source: t.Fingerprint(), Base: base, Started: log.Header.Started}
	o, ended, err := concluded(log)
	switch {
	case !log.Header.Started.Equal(began) || log.Stats().Pages != pages:
		return o, "its page logs are of another scan"
	case log.Header != want:
		return o, "its page logs are not for this dataset and version"
	case err != nil:
		return o, err.Error()
	case !ended:
		return o, "its scan did not end"
	}
	return o, ""
}

// countedBefore returns what was read of a table before it was forgotten.
func (s *Scanner) countedBefore(t *schema.Table) tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before[t.Name]
}
