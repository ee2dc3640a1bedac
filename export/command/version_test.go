package command

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBuilds: what is said of each way to build the program.
func TestBuilds(t *testing.T) {
	checkout := []debug.BuildSetting{{Key: "-tags", Value: "noclouds,other"}, {Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "a88c61f0"},
		{Key: "vcs.time", Value: "2026-11-27T21:00:00Z"}, {Key: "vcs.modified", Value: "true"}}
	for name, test := range map[string]struct {
		release string
		info    *debug.BuildInfo
		want    string // the lines that depend on the build
	}{
		"release":          {"v1.2.3", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: checkout[1:4]}, "mailerlake version v1.2.3\ncommit a88c61f0\ncommitted 2026-11-27T21:00:00Z\n"},
		"go install":       {"", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "mailerlake version v1.2.3\n"},
		"go build":         {"", &debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20261127210000-a88c61f0+dirty"}, Settings: checkout}, "mailerlake version v0.0.0-20261127210000-a88c61f0+dirty\ncommit a88c61f0, with changes\ncommitted 2026-11-27T21:00:00Z\ntags noclouds, other\n"},
		"without the VCS":  {"", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "mailerlake version devel\n"},
		"nothing is known": {"", nil, "mailerlake version devel\n"},
	} {
		var out strings.Builder
		if err := buildOf(test.release, test.info).write(&out); err != nil {
			t.Fatal(err)
		}
		var got string
		for line := range strings.Lines(out.String()) {
			if what := strings.Fields(line)[0]; what != "go" && what != "platform" && what != "publishes" {
				got += strings.Join(strings.Fields(line), " ") + "\n"
			}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
		if !strings.Contains(out.String(), "  publishes to  file") {
			t.Errorf("%s: no destinations in\n%s", name, &out)
		}
	}
}
