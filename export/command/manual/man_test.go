package manual

import (
	"strings"
	"testing"
)

// TestManQuotesText: what roff would read as its own reaches the reader as it was written.
func TestManQuotesText(t *testing.T) {
	for text, want := range map[string]string{
		`--tables a\b`:     `\-\-tables a\(rsb`,
		"[$MAILER_X] no":   `\%[$MAILER_X] no`,
		".hidden":          `\&.hidden`,
		"'quoted' `x`":     `\(aqquoted\(aq \(gax\(ga`,
		`{"api_key": "~"}`: `{\(dqapi_key\(dq: \(dq\(ti\(dq}`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q): got %s, want %s", text, got, want)
		}
	}
}

// TestCompletionQuotesText: usage texts with quotes and brackets do not end the quotes of a shell.
func TestCompletionQuotesText(t *testing.T) {
	f := Flag{Name: "rate", Value: "N", Usage: "don't [ask]: it's N \\"}
	if got, want := f.zshSpec(), `*--rate=[don't (ask)\: it's N \\]:N: `; got != want {
		t.Errorf("zsh: got %s, want %s", got, want)
	}
	p := &Program{Name: "mailerlake", Groups: []Group{{Commands: []Command{{Name: "mailerlake export", Sections: []Section{{Flags: []Flag{f}}}}}}}}
	for shell, want := range map[string]string{
		"zsh":        `'*--rate=[don'\''t (ask)\: it'\''s N \\]:N: '`,
		"fish":       `-l rate -x -d 'don\'t [ask]: it\'s N \\'`,
		"powershell": `'--rate' = 'don''t [ask]: it''s N \'`,
	} {
		if got := p.Completion(shell); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant %s in it", shell, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"one two three":            "one two|three",
		"ünïcödé wörd":             "ünïcödé|wörd",
		"averyveryverylongword on": "averyveryverylongword|on",
		"a  b\nc":                  "a b c",
	} {
		if got := strings.Join(wrap(text, 8), "|"); got != want {
			t.Errorf("wrap(%q): got %q, want %q", text, got, want)
		}
	}
}
