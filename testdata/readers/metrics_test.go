package readers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mailerlake/export/command"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// TestMetrics has Prometheus' own parser and linter read the metrics of exports whose directory has an awkward name, of which the
// last one fails, and compares them with the manifest.
func TestMetrics(t *testing.T) {
	dir, to := filepath.Join(t.TempDir(), `the "lake"`+"\n"+`of \n`), t.TempDir()
	file := filepath.Join(t.TempDir(), "lake.prom")
	succeeded := 0.0
	for _, run := range []struct {
		flags string
		code  int
	}{{"--demo --tables core", 0}, {"--demo-day 2 --tables core", 0}, {"--planned", 1}} {
		args := append([]string{"mailerlake", "export", "--quiet", "--out", dir, "--metrics", file, "--publish", "file://" + to}, strings.Fields(run.flags)...)
		err := command.Run(context.Background(), args, nil, io.Discard, io.Discard, func(string) string { return "" }, "v1.2.3")
		if got := command.ExitCode(err); got != run.code {
			t.Fatalf("%s: got exit code %d (%v), want %d", run.flags, got, err, run.code)
		}
		m := map[string]float64{}
		for name, value := range readMetrics(t, file) {
			plain := strings.Replace(name, fmt.Sprintf(" dataset=%q", dir), "", 1)
			if plain == name {
				t.Errorf("%s: %s has another dataset", run.flags, name)
			}
			m[plain] = value
		}
		d, err := dataset.Open(disk.OS(false), dir)
		if err != nil {
			t.Fatal(err)
		}
		account := fmt.Sprintf(" account=%q", d.Manifest.Account.ID)
		want := map[string]float64{"mailerlake_last_run_exit_code" + account: float64(run.code), "mailerlake_snapshot" + account: float64(d.Manifest.Snapshot),
			`mailerlake_build_info` + account + ` version="v1.2.3"`: 1}
		for _, s := range d.Manifest.Tables {
			of := account + fmt.Sprintf(" table=%q", s.Name)
			want["mailerlake_table_rows"+of] = float64(s.Rows)
			want["mailerlake_table_as_of_timestamp_seconds"+of] = float64(s.ScanStarted.UnixMilli()) / 1000
			did := s.Last
			if run.code != 0 {
				did = dataset.Counts{}
			}
			for change, rows := range map[string]int64{"added": did.Added, "changed": did.Changed, "deleted": did.Deleted} {
				want["mailerlake_table_last_run_rows"+account+fmt.Sprintf(" table=%q change=%q", s.Name, change)] = float64(rows)
			}
		}
		for name, value := range want {
			if got, ok := m[name]; !ok || got != value {
				t.Errorf("%s: %s: got %v (%t), want %v", run.flags, name, got, ok, value)
			}
		}
		at := m["mailerlake_last_success_timestamp_seconds"+account]
		if kept := at == succeeded; at == 0 || kept != (run.code != 0) {
			t.Errorf("%s: last success at %v, before the run at %v", run.flags, at, succeeded)
		}
		succeeded = at
	}
}

// readMetrics returns the samples of a file by their names and labels. It is an error if Prometheus cannot read the file, or
// its linter dislikes a name.
func readMetrics(t *testing.T, file string) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", err, problems)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		if f.GetType() != dto.MetricType_GAUGE || f.GetHelp() == "" {
			t.Errorf("%s is %v, with the help %q", f.GetName(), f.GetType(), f.GetHelp())
		}
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += fmt.Sprintf(" %s=%q", l.GetName(), l.GetValue())
			}
			if _, twice := found[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			found[name] = m.GetGauge().GetValue()
		}
	}
	return found
}
