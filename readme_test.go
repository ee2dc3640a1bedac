package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/command"
)

var update = flag.Bool("update", false, "replace the output that the README shows with what the commands print now")

// transcript matches a command of the README and the output shown below it.
var transcript = regexp.MustCompile("(?s)```console\n\\$ go run \\. ([^\n]*)\n(.*?)(```)")

// sizes match what may differ from run to run: each row holds the time of its export, and compresses a little differently; how
// many requests share a batch depends on what waits when it leaves.
var sizes = regexp.MustCompile(`\d+\.\d [KM]iB|[\d,]+ requests`)

// TestReadmeTranscripts runs the commands of the README in order, as a reader would, and compares what they print.
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
		t.Fatalf("got %d commands with output, want at least an export and a plan", len(found))
	}
	for _, m := range found {
		var stdout, stderr bytes.Buffer
		args := append([]string{"mailerlake"}, strings.Fields(string(m[1]))...)
		if err := command.Run(t.Context(), args, nil, &stdout, &stderr, noEnv, ""); err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		shown, got := sizes.ReplaceAllString(string(m[2]), "SIZE"), sizes.ReplaceAllString(stdout.String(), "SIZE")
		if d := cmp.Diff(shown, got); d != "" && !*update {
			t.Errorf("%s: the README shows other output (-README +output; go test -run Readme . -update replaces it)\n%s", m[1], d)
		} else if d != "" {
			before, _ := bytes.CutSuffix(m[0], slices.Concat(m[2], m[3]))
			readme = bytes.Replace(readme, m[0], slices.Concat(before, stdout.Bytes(), m[3]), 1)
		}
	}
	if *update {
		t.Chdir(home)
		if err := os.WriteFile("README.md", readme, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// tableOfTables matches the part of the README that mailerlake schema --markdown prints before its first section.
var tableOfTables = regexp.MustCompile("(?s)(<!-- tables -->\n)(.*?)(<!-- end of tables -->)")

// TestReadmeTables compares the README's table of all tables with what the declarations say.
func TestReadmeTables(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := tableOfTables.FindSubmatch(readme)
	if shown == nil {
		t.Fatal("the README has no table of tables")
	}
	var stdout, stderr bytes.Buffer
	args := []string{"mailerlake", "schema", "--markdown", "--out", t.TempDir()}
	if err := command.Run(t.Context(), args, nil, &stdout, &stderr, noEnv, ""); err != nil {
		t.Fatal(err)
	}
	want, _, ok := strings.Cut(stdout.String(), "\n## ")
	if !ok || strings.Count(want, "\n") < 20 {
		t.Fatalf("the document begins with %.300q, want a table of all tables, then sections", want)
	}
	d := cmp.Diff(want, string(shown[2]))
	if d == "" {
		return
	}
	if !*update {
		t.Errorf("the README shows another table of tables (-schema +README; go test -run Readme . -update replaces it)\n%s", d)
		return
	}
	table := append(append(slices.Clone(shown[1]), want...), shown[3]...)
	if err := os.WriteFile("README.md", bytes.Replace(readme, shown[0], table, 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadmeMatchesHelp checks that the README lists the commands and exit codes in the words of the help, names every
// flag, and names no command that does not exist.
func TestReadmeMatchesHelp(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, overview := string(text), help(t)
	checkExitCodes(t, readme, overview)
	commands := checkCommands(t, readme, overview)
	for _, name := range commands {
		checkFlags(t, readme, name)
	}
	for _, name := range commandsNamed(readme) {
		if !slices.Contains(commands, name) {
			t.Errorf("the README names mailerlake %s, which is no command", name)
		}
	}
}

// checkExitCodes looks for the exit codes of the help in the README's table.
func checkExitCodes(t *testing.T, readme, overview string) {
	t.Helper()
	codes := regexp.MustCompile(`(?m)^ +(\d+) +(.*)$`).FindAllStringSubmatch(overview, -1)
	if len(codes) < 2 {
		t.Fatalf("the help lists the exit codes %q, want several", codes)
	}
	for _, m := range codes {
		row := "| " + m[1] + " | " + m[2] + " |"
		if !strings.Contains(strings.ReplaceAll(readme, "`", ""), row) {
			t.Errorf("the README lacks the line %q", row)
		}
	}
}

// checkCommands looks for the commands of the help in the README's list, and returns their names.
func checkCommands(t *testing.T, readme, overview string) (names []string) {
	t.Helper()
	list, _, _ := strings.Cut(overview, "EXIT CODES\n")
	for _, m := range regexp.MustCompile(`(?m)^  (\w+)  +(.*)$`).FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
		line := regexp.MustCompile(`(?m)^mailerlake ` + m[1] + ` +` + regexp.QuoteMeta(m[2]) + `$`)
		if !line.MatchString(readme) {
			t.Errorf("the README does not list mailerlake %s as %q", m[1], m[2])
		}
	}
	if !slices.Contains(names, "export") {
		t.Fatalf("the help lists the commands %q, want export among them", names)
	}
	return names
}

// checkFlags looks for the flags of a command in the README.
func checkFlags(t *testing.T, readme, name string) {
	t.Helper()
	flags := regexp.MustCompile(`(?m)^  (--[a-z-]+)`).FindAllStringSubmatch(help(t, name), -1)
	if len(flags) == 0 {
		t.Fatalf("the help of %s lists no flags, want --help at least", name)
	}
	for _, m := range flags {
		if m[1] != "--help" && !regexp.MustCompile("`"+m[1]+"[ `]").MatchString(readme) {
			t.Errorf("the README lacks the flag %s of %s", m[1], name)
		}
	}
}

// commandsNamed returns the commands that the README's code runs: in blocks and in the middle of a sentence.
func commandsNamed(readme string) (names []string) {
	for _, code := range regexp.MustCompile("(?s)```.*?```|`[^`]+`").FindAllString(readme, -1) {
		for _, m := range regexp.MustCompile(`\b(?:mailerlake|go run \.) (\w+)`).FindAllStringSubmatch(code, -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func noEnv(string) string { return "" }

// help returns the help of the program, or of one of its commands.
func help(t *testing.T, commands ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := append(append([]string{"mailerlake"}, commands...), "--help")
	if err := command.Run(t.Context(), args, nil, &stdout, &stderr, noEnv, ""); err != nil || stderr.Len() > 0 {
		t.Fatalf("help %v: %v, stderr %q", commands, err, stderr.String())
	}
	return wrapped.ReplaceAllString(stdout.String(), " ")
}

// wrapped matches where the help goes on in the next line.
var wrapped = regexp.MustCompile(`\n {5,}`)

// TestReadmeLinks checks that the README's links and pictures lead to headings of its own and to files that are here.
func TestReadmeLinks(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(readme), "")
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchors[anchor(m[1])] = true
	}
	links := regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1)
	if len(links) < 20 || len(anchors) < 20 {
		t.Fatalf("got %d links and %d headings, want more", len(links), len(anchors))
	}
	for _, m := range links {
		to, within := strings.CutPrefix(m[1], "#")
		switch {
		case within && !anchors[to]:
			t.Errorf("the README has no heading for #%s", to)
		case !within && !strings.Contains(to, "://"):
			if _, err := os.Stat(to); err != nil {
				t.Errorf("the README leads to %s: %v", to, err)
			}
		}
	}
}

// anchor returns what GitHub makes of a heading for links to it.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}
