package terminal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"mailerlake/export"
)

// env is an environment of some variables.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestColor: off a terminal there are no colours, unless they are asked for. What a terminal gets is tested in scripts.
func TestColor(t *testing.T) {
	for name, c := range map[string]struct {
		color Color
		env   []string
		want  bool
	}{
		"by default":             {Auto, nil, false},
		"zero":                   {"", nil, false},
		"always":                 {Always, []string{"NO_COLOR", "1", "TERM", "dumb"}, true},
		"never":                  {Never, []string{"CLICOLOR_FORCE", "1"}, false},
		"forced":                 {Auto, []string{"CLICOLOR_FORCE", "1"}, true},
		"not forced":             {Auto, []string{"CLICOLOR_FORCE", "0"}, false},
		"forced and not allowed": {Auto, []string{"CLICOLOR_FORCE", "1", "NO_COLOR", "1"}, false},
	} {
		if got := c.color.On(&bytes.Buffer{}, env(c.env...)); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

// TestPaintedReport: colours are put on what is added, changed and deleted, on headings and on problems, and move nothing.
func TestPaintedReport(t *testing.T) {
	r := dayLater()
	r.Tables = append(r.Tables, failed("webhook", 2, errors.New("unreachable")), table("shop", 1, export.TablePlan{Incomplete: "1 of 2 rows met"}))
	plain, painted := &bytes.Buffer{}, &Output{Writer: &bytes.Buffer{}, paint: true}
	if err := Plan(plain, r, nil); err != nil {
		t.Fatal(err)
	}
	if err := Plan(painted, r, nil); err != nil {
		t.Fatal(err)
	}
	text := painted.Writer.(*bytes.Buffer).String()
	for _, want := range []string{"\x1b[32m+ 12\x1b[0m to add", "\x1b[33m~ 1,040\x1b[0m to change", "\x1b[31m- 3\x1b[0m to delete", "~     0 to change", "\x1b[1mPlan:\x1b[0m",
		"\x1b[31mnot planned\x1b[0m", "\x1b[31munreachable\x1b[0m", "      \x1b[33mincomplete: "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, code := range []string{styleBold, styleRed, styleGreen, styleYellow, "0"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	want(t, text, plain.String())
}

func TestWrap(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"short\n", "short\n"},
		{"exactly twenty wide.\n", "exactly twenty wide.\n"},
		{"  indented and longer than that\n", "  indented and\n      longer than\n      that\n"},
		{"a table   + 1  (of some rows)\n", "a table   + 1\n    (of some rows)\n"},
		{"onewordthatistoolongforaline and more\n", "onewordthatistoolongforaline and more\n"},
		{"\x1b[32m+ 12\x1b[0m to add, ~ 12\x1b[0m\n", "\x1b[32m+ 12\x1b[0m to add, ~ 12\x1b[0m\n"},
		{"no end", "no end"},
	} {
		if got := wrap(c.text, 20); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestWrapKeepsTogether: a narrow terminal breaks no sign from its number, and no command that is to be copied.
func TestWrapKeepsTogether(t *testing.T) {
	group := table("group", 1, export.TablePlan{Inserted: 1, Deleted: 1, PartsWritten: 1})
	subscriber := table("subscriber", 9000, export.TablePlan{Inserted: 1234, Updated: 1234, Deleted: 5678, PartsWritten: 1})
	r := &export.Report{Dataset: "lake", Tables: []export.TableReport{group, subscriber}}
	var b strings.Builder
	if err := Plan(&Output{Writer: &b, width: 50}, r, []string{"export", "--planned", "--out", "a/directory with spaces"}); err != nil {
		t.Fatal(err)
	}
	want(t, b.String(), `
  group       +     1 to add, ~     0 to change,
      -     1 to delete  (1 row; writes 1 of 1
      part)
  subscriber  + 1,234 to add, ~ 1,234 to change,
      - 5,678 to delete  (9,000 rows; writes 1 of
      1 part)

Plan: + 1,235 to add, ~ 1,234 to change, - 5,679
    to delete in 2 tables.
To commit exactly this:
    mailerlake export --planned --out 'a/directory with spaces'
`)
}

// TestFitting: a row of a table stays on one line; its first two columns are always there.
func TestFitting(t *testing.T) {
	rows := [][]string{{"", "id", "name", "status"}, {"~", "12345", "Spring sale", "sent"}}
	for width, want := range map[int]int{0: 4, 80: 4, 29: 4, 28: 3, 21: 3, 20: 2, 3: 2} {
		for i, row := range fitting(rows, width) {
			if !slices.Equal(row, rows[i][:want]) {
				t.Errorf("in %d columns: got %q, want %d of them", width, row, want)
			}
		}
	}
}
