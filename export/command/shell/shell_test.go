//go:build unix

package shell

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	tests := []struct {
		name, line string
		output     string
		err        string // empty for none
	}{
		{"reads, and writes both outputs", `read line; echo "$line of $NAME"; echo warned >&2`, "report of lake\nwarned\n", ""},
		{"fails", `echo why; exit 3`, "why\n", "it ended with exit status 3"},
		{"does not read", `true`, "", ""},
		{"is no command", `no-such-command-4711 --token hush 2>/dev/null`, "", "it ended with exit status 127"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			input := []byte("report\n" + strings.Repeat("x", 1<<20)) // more than a pipe holds
			err := Run(t.Context(), test.line, []string{"NAME=lake", "PATH=/usr/bin:/bin"}, input, &out, time.Minute)
			if got := out.String(); got != test.output {
				t.Errorf("got the output %q, want %q", got, test.output)
			}
			if got := message(err); got != test.err {
				t.Errorf("got the error %q, want %q", got, test.err)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestTime: a command that hangs is killed with what it has started, and one that ends may leave something running.
func TestTime(t *testing.T) {
	var out bytes.Buffer
	began := time.Now()
	err := Run(t.Context(), "echo begun; sleep 100 | sleep 100", nil, nil, &out, 200*time.Millisecond)
	if got, want := message(err), "it did not end within 200ms and was stopped"; got != want || out.String() != "begun\n" {
		t.Errorf("got the error %q, output %q, want %q", got, out.String(), want)
	}
	if took := time.Since(began); took > lingering {
		t.Errorf("it took %v: what the command had started was not killed", took)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Run(ctx, "sleep 100", nil, nil, &out, time.Minute); err == nil {
		t.Error("a command was run although its context had ended")
	}
}
