package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	commands := "check export plan show verify changes forget publish restore schema"
	tables := "subscriber group group_subscriber field campaign order order_item core default all"
	tests := []struct{ name, known, want string }{
		{"exprot", commands, "export"},
		{"EXPORT", commands, "export"},
		{"chek", commands, "check"},
		{"verfiy", commands, "verify"},
		{"change", commands, "changes"},
		{"plans", commands, "plan"},
		{"import", commands, "export"},
		{"pl", commands, ""},
		{"sync", commands, ""},
		{"", commands, ""},
		{"subscribers", tables, "subscriber"},
		{"order-items", tables, "order_item"},
		{"al", tables, ""},
		{"orders", tables, "order"},
		{"filed", tables, "field"},
		{"invoice", tables, ""},
		{"subscriber", "", ""},
	}
	for _, test := range tests {
		if got := Nearest(test.name, strings.Fields(test.known)); got != test.want {
			t.Errorf("Nearest(%q): got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1}, {"abc", "acb", 1},
		{"abcd", "badc", 2}, {"kitten", "sitting", 3}, {"ca", "abc", 3}, // restricted: no letter moves twice
	}
	for _, test := range tests {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q): got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := distance(test.b, test.a); got != test.want {
			t.Errorf("distance(%q, %q): got %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("tabels", "--", []string{"tables", "timeout"}), "; did you mean --tables?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := DidYouMean("verbosity", "--", []string{"tables", "timeout"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
