package command

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/publish/store/clouds"
)

// build is what is known of how the program was built.
type build struct {
	Version string `json:"version"` // the release, or what the build says; "devel" if it says nothing
	// Commit is that of the source, and CommittedAt when it was made. Modified says that the source had changes beyond it. A build
	// from a module proxy has the first two in its version, if that is no release.
	Commit      string   `json:"commit,omitempty"`
	CommittedAt string   `json:"committed_at,omitempty"`
	Modified    bool     `json:"modified"`
	Go          string   `json:"go"`
	Platform    string   `json:"platform"`
	Tags        []string `json:"tags"`
	// Destinations are the schemes of the URLs that this build can publish to.
	Destinations []string `json:"destinations"`
}

// buildOf reads what the linker left. release is the version, empty if it is the build's own.
func buildOf(release string, info *debug.BuildInfo) build {
	b := build{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Destinations: slices.Concat([]string{"file"}, clouds.Built())}
	if info == nil {
		b.Version = orDevel(b.Version)
		return b
	}
	if b.Version == "" {
		b.Version = strings.Trim(info.Main.Version, "()")
	}
	b.Version = orDevel(b.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.CommittedAt = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "-tags":
			b.Tags = strings.FieldsFunc(s.Value, func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return b
}

func orDevel(version string) string {
	if version == "" {
		return "devel"
	}
	return version
}

// versionOr returns the release or, if there is none, the version of the source that was built.
func versionOr(release string) string {
	info, _ := debug.ReadBuildInfo()
	return buildOf(release, info).Version
}

// showVersion is the command that says what was built, from what, and how.
func (p *program) showVersion() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version, and how this program was built",
		Flags:  append([]cli.Flag{toggle("json", "print the result as one JSON document")}, outputFlags()...),
		Action: p.action(p.runVersion),
	}
}

// versionDocument is the JSON document of the version.
type versionDocument struct {
	head
	build
}

func (p *program) runVersion(*cli.Context) (answer, error) {
	info, _ := debug.ReadBuildInfo()
	b := buildOf(p.version, info)
	return answer{document: func(h head) any { return versionDocument{h, b} }, text: b.write}, nil
}

// write prints what is known, a line each.
func (b build) write(w io.Writer) error {
	commit := b.Commit
	if b.Modified {
		commit += ", with changes"
	}
	out := "mailerlake version " + b.Version + "\n"
	for _, line := range [][2]string{{"commit", commit}, {"committed", b.CommittedAt}, {"go", b.Go}, {"platform", b.Platform},
		{"tags", strings.Join(b.Tags, ", ")}, {"publishes to", strings.Join(b.Destinations, ", ")}} {
		if line[1] != "" {
			out += fmt.Sprintf("  %-14s%s\n", line[0], line[1])
		}
	}
	_, err := io.WriteString(w, out)
	return err
}
