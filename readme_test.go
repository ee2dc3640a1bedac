package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/command"
)

var update = flag.Bool("update", false, "write the README's transcripts anew")

// transcript is a command and its output in the README.
var transcript = regexp.MustCompile("(?s)```console\n\\$ go run \\. ([^\n]*)\n(.*?)```")

// varying is what may differ between two runs: rows hold the time of their export.
var varying = regexp.MustCompile(`\d+\.\d [KM]iB`)

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
		if err := command.Run(t.Context(), args, nil, &stdout, &stderr, noEnv, ""); err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		shown, got := varying.ReplaceAllString(string(m[2]), "SIZE"), varying.ReplaceAllString(stdout.String(), "SIZE")
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
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+)  (.*)$`).FindAllStringSubmatch(help(t), -1) {
		row := "| " + m[1] + " | " + m[2] + " |"
		if !strings.Contains(strings.ReplaceAll(string(readme), "`", ""), row) {
			t.Errorf("the README lacks the line %q", row)
		}
	}
	for _, name := range []string{"export", "plan", "show", "verify", "schema"} {
		flags := regexp.MustCompile(`(?m)^ +(--[a-z-]+)`).FindAllStringSubmatch(help(t, name), -1)
		if len(flags) < 2 {
			t.Fatalf("%s: found only the flags %q", name, flags)
		}
		for _, m := range flags {
			if m[1] != "--help" && !regexp.MustCompile(regexp.QuoteMeta(m[1])+`\b`).Match(readme) {
				t.Errorf("the README lacks %s of %s", m[1], name)
			}
		}
	}
}

func noEnv(string) string { return "" }

// help returns the help of the program or of a command.
func help(t *testing.T, commands ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := append(append([]string{"mailerlake"}, commands...), "--help")
	if err := command.Run(t.Context(), args, nil, &stdout, &stderr, noEnv, ""); err != nil || stderr.Len() > 0 {
		t.Fatalf("help %v: %v, stderr %q", commands, err, stderr.String())
	}
	return stdout.String()
}
