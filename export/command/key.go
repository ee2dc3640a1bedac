package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
)

// apiKey returns the API key from the file that a flag names, or from the environment.
func (p *program) apiKey(c *cli.Context) (string, error) {
	switch {
	case demo(c):
		return "demo", nil
	case c.IsSet("api-key-file"):
		text, err := p.secretFile(c.Context, c.String("api-key-file"))
		if err != nil {
			return "", &authError{err}
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	case p.call.key.Text != "":
		return p.call.key.Text, nil
	case p.call.key.Variable != "":
		return p.variableKey()
	}
	key := p.getenv("MAILERLITE_API_KEY")
	if key == "" {
		return "", &authError{errors.New("no API key; set MAILERLITE_API_KEY, or give --api-key-file or --config (make a key in MailerLite under Integrations > API)")}
	}
	return key, nil
}

// variableKey returns the key from the variable that the config file names. The error does not repeat the name: someone
// may have put the key there.
func (p *program) variableKey() (string, error) {
	key := p.getenv(p.call.key.Variable)
	if key == "" {
		return "", &authError{fmt.Errorf(`no API key; the environment variable that "api-key-env" names in %s is not set`, p.call.name)}
	}
	return key, nil
}

// secret is the content of a key file.
type secret struct {
	text   []byte
	shared bool // other users of the machine can read it
}

// secretFile reads a key file, or standard input if name is "-". It warns if other users can read the file.
func (p *program) secretFile(ctx context.Context, name string) ([]byte, error) {
	s, err := await(ctx, func() (secret, error) { return p.openSecret(name) })
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if s.shared {
		p.warnShared(name)
	}
	return s.text, nil
}

func (p *program) warnShared(name string) {
	p.say.Warning(fmt.Sprintf("other users can read %s, which holds a key; chmod 600 makes it private", name))
}

func (p *program) openSecret(name string) (s secret, err error) {
	if name == "-" {
		s.text, err = readSecret(p.stdin, "standard input")
		return s, err
	}
	if looksLikeKey(name) { // the error of the system would repeat it
		return s, errors.New("what should be the name of a file looks like a key itself")
	}
	f, err := os.Open(name)
	if err != nil {
		return s, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		s.shared = info.Mode().IsRegular() && info.Mode()&0o077 != 0 && runtime.GOOS != "windows"
	}
	s.text, err = readSecret(f, name)
	return s, err
}

// looksLikeKey reports whether the name of a file is like a key of MailerLite, which is a JSON Web Token.
func looksLikeKey(name string) bool {
	name = filepath.Base(name)
	return strings.HasPrefix(name, "eyJ") && strings.Count(name, ".") == 2 && len(name) > 60
}

// maxSecret is the greatest size of a key file or a config file, in bytes.
const maxSecret = 1 << 16

func readSecret(in io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		return nil, fmt.Errorf("%s is larger than %d KiB", name, maxSecret>>10)
	}
	return text, err
}

// await returns the result of f, or the error of ctx if that ends first: f may block on a pipe or a terminal, and is
// then abandoned.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}
