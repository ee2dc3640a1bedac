package metrics

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadme compares the README's table of metrics with the metrics of a run that has all of them.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?s)<!-- metrics -->\n\|[^\n]*\n\|[^\n]*\n(.*?)<!-- end of metrics -->`).FindSubmatch(readme)
	if shown == nil {
		t.Fatal("the README has no table of metrics")
	}
	if d := cmp.Diff(rows(t, string(Text([]Run{partly()}, nil))), string(shown[1])); d != "" {
		t.Errorf("table of metrics (-metrics +README)\n%s", d)
	}
}

// rows returns a row for each metric of a text: its name, its labels beside those that all have, and its help.
func rows(t *testing.T, text string) string {
	t.Helper()
	var table strings.Builder
	for _, m := range regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\.\n# TYPE .*\n\S+?\{(.*)\} `).FindAllStringSubmatch(text, -1) {
		var labels []string
		for _, l := range regexp.MustCompile(`(?:^|,)([a-z]+)="`).FindAllStringSubmatch(m[3], -1) {
			if l[1] != "account" && l[1] != "dataset" {
				labels = append(labels, "`"+l[1]+"`")
			}
		}
		table.WriteString("| `" + m[1] + "` | " + strings.Join(labels, ", ") + " | " + m[2] + " |\n")
	}
	return table.String()
}
