package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Kornblume & Söhne", "Kornblume & Söhne"},
		{"scripts and emoji", "日本語 עברית 👩\u200d💻 می\u200cخواهم", "日本語 עברית 👩\u200d💻 می\u200cخواهم"},
		{"colour", "\x1b[31mred\x1b[0m", "[31mred[0m"},
		{"title", "\x1b]0;owned\x07", "]0;owned"},
		{"clipboard", "\x1b]52;c;cm0gLXJmIH4=\x1b\\", "]52;c;cm0gLXJmIH4=\\"},
		{"C1 CSI", "a\u009b2Jb", "a2Jb"},
		{"C1 OSC", "a\u009d0;x\u009cb", "a0;xb"},
		{"raw C1 byte", "a\x9b2Jb", "a\ufffd2Jb"},
		{"lines", "one\ntwo\r\nthree\tfour", "one two  three four"},
		{"separators", "a\u2028b\u2029c\u0085d", "a b c d"},
		{"backspace", "good\b\b\b\bevil\x7f\x00", "goodevil"},
		{"bidi override", "user\u202etxt.exe\u202c", "usertxt.exe"},
		{"bidi isolate", "a\u2066b\u2069\u200e\u200f\u061c", "ab"},
		{"invisible", "a\ufeff\u200b\u00adb\U000e0041", "ab"},
		{"invalid", "a\xff\xfeb\xc3", "a\ufffdb\ufffd"},
		{"empty", "", ""},
	}
	for _, test := range tests {
		if got := Clean(test.in); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a\x1b[2J", "\u009b\u202e", "\xff\xf0\x9f", "e\u0301", "\u200d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Clean(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, hostile) {
			t.Errorf("%q became %q", text, got)
		}
		if again := Clean(got); again != got {
			t.Errorf("%q became %q, and that %q", text, got, again)
		}
	})
}

func TestJSONKeepsTheContent(t *testing.T) {
	want := map[string]string{"name": "a\x1b[31m\u009b\u202e\U000e0041\u007fé<&>\n\x00"}
	var out bytes.Buffer
	if err := JSON(&out, want); err != nil {
		t.Fatal(err)
	}
	if text := strings.ReplaceAll(out.String(), "\n", ""); strings.ContainsFunc(text, hostile) {
		t.Errorf("%q holds what a terminal obeys", text)
	}
	if !strings.Contains(out.String(), "é<&>") {
		t.Errorf("%s escapes what is harmless", out.String())
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["name"] != want["name"] {
		t.Errorf("got %q (%v), want %q", got["name"], err, want["name"])
	}
}
