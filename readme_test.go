package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the README's transcripts anew")

// transcript is a command and its output in the README.
var transcript = regexp.MustCompile("(?s)```console\n\\$ go run \\. ([^\n]*)\n(.*?)```")

// weight is what may differ between two runs by some bytes: rows hold the time of their export.
var weight = regexp.MustCompile(`\d+\.\d [KM]iB`)

// TestReadmeTranscripts runs the README's commands one after the other, as a reader would.
func TestReadmeTranscripts(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	found := transcript.FindAllSubmatch(readme, -1)
	if len(found) < 2 {
		t.Fatalf("got %d transcripts, want a first export and a plan at least", len(found))
	}
	for _, m := range found {
		var stdout, stderr bytes.Buffer
		args := append([]string{"mailerlake"}, strings.Fields(string(m[1]))...)
		if err := run(t.Context(), args, nil, &stdout, &stderr, func(string) string { return "" }); err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		shown, got := weight.ReplaceAllString(string(m[2]), "SIZE"), weight.ReplaceAllString(stdout.String(), "SIZE")
		if d := cmp.Diff(shown, got); d != "" && !*update {
			t.Errorf("%s (-README +output; go test -run Readme . -update writes it anew)\n%s", m[1], d)
		} else if d != "" {
			readme = bytes.Replace(readme, m[2], stdout.Bytes(), 1)
		}
	}
	if *update {
		t.Chdir(home)
		if err := os.WriteFile("README.md", readme, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmeKnowsFlagsAndExitCodes compares the README with the help.
func TestReadmeKnowsFlagsAndExitCodes(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+)  (.*)$`).FindAllStringSubmatch(exits, -1) {
		row := "| " + m[1] + " | " + m[2] + " |"
		if !strings.Contains(strings.ReplaceAll(string(readme), "`", ""), row) {
			t.Errorf("the README lacks the line %q", row)
		}
	}
	p := &program{}
	for _, c := range p.app().Commands {
		for _, f := range c.Flags {
			if name := "--" + f.Names()[0]; !regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).Match(readme) {
				t.Errorf("the README lacks %s of %s", name, c.Name)
			}
		}
	}
}
