package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/metrics"
)

// ran is how the export of one account ended.
type ran struct {
	name    string // in a config file; empty if it has none
	dataset string // absolute
	to      []string
	began   time.Time
	ended   time.Time
	report  *export.Report // nil if it failed early
	err     error
}

// ran says how a run ended that began at a time.
func (p *program) ran(c *cli.Context, to []string, began time.Time, report *export.Report, err error) ran {
	r := ran{to: to, began: began, ended: time.Now(), report: report, err: err}
	if dir, err := p.dir(c); err == nil {
		r.dataset, _ = filepath.Abs(dir)
	}
	if p.call.account != nil {
		r.name = p.call.account.Name
	}
	return r
}

// account returns the name of the account, or else its id; empty if that is not known. m is what the dataset holds, or nil.
func (r *ran) account(m *dataset.Manifest) string {
	switch {
	case r.name != "":
		return r.name
	case m != nil:
		return m.Account.ID
	case r.report != nil:
		return r.report.Account
	}
	return ""
}

// manifest returns what the dataset holds, nil if there is none, or it cannot be read: the run has said so.
func (r *ran) manifest() *dataset.Manifest {
	d, err := dataset.Open(disk.OS(false), r.dataset)
	if err != nil {
		return nil
	}
	return d.Manifest
}

// checkMetrics refuses a file for metrics that cannot be written, or that readers of the dataset would find.
func (p *program) checkMetrics(c *cli.Context) error {
	file := c.String("metrics")
	if file == "" {
		return nil
	}
	dir, err := p.dir(c)
	if err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return usage(c, "--metrics %s: there is no directory %s", file, filepath.Dir(file))
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return usage(c, "--metrics %s is not a regular file", file)
	}
	return outsideDataset(c, dir, file, "--metrics "+file)
}

// writeMetrics writes the file that --metrics names, whole or not at all. With wrong flags nothing has run, and nothing is written.
// It returns the error of the command, or one that says that the file could not be written.
func (p *program) writeMetrics(c *cli.Context, runs []ran, err error) error {
	file := c.String("metrics")
	if file == "" || len(runs) == 0 {
		return err
	}
	text, succeeded := p.earlierMetrics(file)
	failed := writeReadable(file, metrics.Text(p.measured(runs, succeeded), metrics.Others(text, p.notRun(runs))))
	if failed == nil {
		return err
	}
	failed = fmt.Errorf("metrics: %w", failed)
	if err == nil {
		return &partialError{unwritten: failed}
	}
	p.warn(failed)
	return err
}

func (p *program) warn(err error) {
	p.say.Warning(err.Error())
}

// earlierMetrics returns the file of an earlier call, empty if there is none, and when exports last succeeded, by the dataset.
func (p *program) earlierMetrics(file string) (text []byte, succeeded map[string]float64) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	succeeded, damaged := metrics.Successes(text)
	if err = cmp.Or(err, damaged); err != nil {
		p.warn(fmt.Errorf("the metrics in %s cannot be read, so that it may be forgotten when an export last succeeded: %w", file, err))
	}
	return text, succeeded
}

// notRun returns the datasets of the accounts that --account left out. What the file says of them stays.
func (p *program) notRun(runs []ran) (datasets []string) {
	if p.call.file == nil {
		return nil
	}
	for _, account := range p.call.file.Accounts {
		out, err := besideConfig(p.call.name, account.Settings.Values["out"])
		if err != nil || len(out) != 1 {
			continue
		}
		dir, err := filepath.Abs(out[0])
		if err == nil && !slices.ContainsFunc(runs, func(r ran) bool { return r.dataset == dir }) {
			datasets = append(datasets, dir)
		}
	}
	return datasets
}

// measured returns what metrics are made of.
func (p *program) measured(runs []ran, succeeded map[string]float64) (all []metrics.Run) {
	for _, r := range runs {
		held := r.manifest()
		m := metrics.Run{Account: r.account(held), Dataset: r.dataset, Version: p.version, Ended: r.ended, Seconds: r.ended.Sub(r.began).Seconds(),
			ExitCode: ExitCode(r.err), Succeeded: succeeded[r.dataset], Report: r.report, Manifest: held, Destinations: r.to}
		if m.ExitCode == 0 {
			m.Succeeded = float64(r.ended.UnixMilli()) / 1000
		}
		all = append(all, m)
	}
	return all
}

// writeReadable writes a file that others can read, whatever the umask: node_exporter is another user.
func writeReadable(file string, data []byte) error {
	err := writeWhole(disk.OS(false), file, func(f disk.File) error {
		_, err := f.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	return os.Chmod(file, 0o644)
}
