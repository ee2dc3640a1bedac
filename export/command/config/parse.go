package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/schema/spelling"
)

// maxName bounds the name of an account, in bytes.
const maxName = 64

// parser reads one file.
type parser struct {
	text  []byte
	in    *jsontext.Decoder
	flags []Flag
}

// Parse reads a file. flags are those that the command line has.
func Parse(text []byte, flags []Flag) (*Config, error) {
	p := &parser{text, jsontext.NewDecoder(bytes.NewReader(text)), flags}
	c := &Config{Settings: Settings{Values: map[string][]string{}}}
	if p.in.PeekKind() != '{' && len(bytes.TrimSpace(text)) > 0 {
		return nil, p.fail(`it is not a JSON object, such as {"out": "lake"}`)
	}
	err := p.object(func(name string) (err error) {
		if name == accounts {
			c.Accounts, err = p.accounts()
			return err
		}
		return p.member(&c.Settings, name, false)
	})
	if err != nil {
		return nil, err
	}
	if _, err := p.in.ReadToken(); err != io.EOF {
		return nil, p.fail("there is more after the end of the object")
	}
	for i := range c.Accounts {
		c.Accounts[i].Settings = c.Accounts[i].Settings.over(c.Settings)
	}
	return c, nil
}

// fail returns an error about what was read last.
func (p *parser) fail(format string, args ...any) error {
	return p.failAt(p.in.InputOffset(), format, args...)
}

func (p *parser) failAt(offset int64, format string, args ...any) error {
	line := 1 + bytes.Count(p.text[:min(offset, int64(len(p.text)))], []byte("\n"))
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// token reads what comes next.
func (p *parser) token() (jsontext.Token, error) {
	t, err := p.in.ReadToken()
	if err != nil {
		return t, p.syntax(err)
	}
	return t, nil
}

// syntax words an error of the JSON.
func (p *parser) syntax(err error) error {
	wrong, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return p.failAt(int64(len(p.text)), "the file ends too early; a closing } may be missing")
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		return p.failAt(wrong.ByteOffset, "%s is there twice", shown(wrong.JSONPointer.LastToken()))
	case ok:
		return p.failAt(wrong.ByteOffset, "it is not valid JSON: %v", wrong.Err)
	}
	return p.fail("it is not valid JSON")
}

// object reads an object; member reads the value of each member.
func (p *parser) object(member func(name string) error) error {
	if _, err := p.token(); err != nil { // {
		return err
	}
	for {
		t, err := p.token()
		if err != nil || t.Kind() == '}' {
			return err
		}
		if err := member(t.String()); err != nil {
			return err
		}
	}
}

// accounts reads the list of accounts.
func (p *parser) accounts() (list []Account, err error) {
	if err := p.expect('[', `%q must be a list of objects, such as [{"name": "shop", "out": "lakes/shop"}]`, accounts); err != nil {
		return nil, err
	}
	for p.in.PeekKind() != ']' {
		a, err := p.account()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(b Account) bool { return b.Name == a.Name }) {
			return nil, p.fail("there are two accounts with the name %q", a.Name)
		}
		list = append(list, a)
	}
	if _, err := p.token(); err != nil { // ]
		return nil, err
	}
	if len(list) == 0 {
		return nil, p.fail("%q is empty", accounts)
	}
	return list, nil
}

func (p *parser) account() (a Account, err error) {
	if p.in.PeekKind() != '{' {
		_, err := p.token()
		if err == nil {
			err = p.fail("an account must be an object with a %q", accountName)
		}
		return a, err
	}
	a.Values = map[string][]string{}
	err = p.object(func(name string) (err error) {
		if name == accountName {
			a.Name, err = p.name()
			return err
		}
		return p.member(&a.Settings, name, true)
	})
	if err == nil && a.Name == "" {
		err = p.fail("this account has no %q", accountName)
	}
	return a, err
}

// name reads the name of an account.
func (p *parser) name() (string, error) {
	name, err := p.single(Flag{Name: accountName})
	switch odd := func(r rune) bool { return r == ',' || !unicode.IsPrint(r) }; {
	case err != nil:
		return "", err
	case name == "":
		return "", p.fail("the %q of an account is empty", accountName)
	case len(name) > maxName, strings.TrimSpace(name) != name, strings.ContainsFunc(name, odd):
		return "", p.fail("the %q of an account must have %d bytes at most, no comma, and no spaces around it", accountName, maxName)
	}
	return name, nil
}

// member reads the value of a member other than "accounts".
func (p *parser) member(s *Settings, name string, inAccount bool) (err error) {
	hadKey := s.hasKey()
	switch f := p.flag(name); {
	case name == keyText:
		s.Key.Text, err = p.key(name)
	case name == keyVariable:
		s.Key.Variable, err = p.variable(name)
	case f == nil:
		return p.unknown(name, inAccount)
	case f.Refused != "":
		return p.fail("%q cannot be in a config file: %s", name, f.Refused)
	case f.Whole && inAccount:
		return p.fail("%q is about the whole run; move it out of %q", name, accounts)
	default:
		s.Values[name], err = p.values(*f)
	}
	if err == nil && hadKey && (name == keyText || name == keyVariable || name == keyFile) {
		err = p.fail("give one of %q, %q and %q", keyText, keyFile, keyVariable)
	}
	return err
}

func (p *parser) flag(name string) *Flag {
	if i := slices.IndexFunc(p.flags, func(f Flag) bool { return f.Name == name }); i >= 0 {
		return &p.flags[i]
	}
	return nil
}

// plain matches names that can be shown: no key looks like them.
var plain = regexp.MustCompile(`^[a-z_-]{1,24}$`)

// shown returns the name of a member for a message.
func shown(name string) string {
	if plain.MatchString(name) {
		return strconv.Quote(name)
	}
	return "a member"
}

// unknown returns an error about a member that does not exist.
func (p *parser) unknown(name string, inAccount bool) error {
	if inAccount && name == accounts {
		return p.fail("an account cannot have %q", accounts)
	}
	known := []string{keyText, keyVariable}
	if inAccount {
		known = append(known, accountName)
	} else {
		known = append(known, accounts)
	}
	for _, f := range p.flags {
		if f.Refused == "" {
			known = append(known, f.Name)
		}
	}
	meant := ""
	if len(name) <= maxName {
		meant = spelling.Nearest(name, known)
	}
	switch {
	case meant != "" && plain.MatchString(name):
		return p.fail("there is no %q; did you mean %q?", name, meant)
	case meant != "":
		return p.fail("there is a member that is not known; did you mean %q?", meant)
	case plain.MatchString(name):
		return p.fail("there is no %q; the members are flags under their long names, without --", name)
	}
	return p.fail("there is a member that is not known; the members are flags under their long names, without --")
}

// key reads an API key.
func (p *parser) key(name string) (string, error) {
	key, err := p.single(Flag{Name: name})
	if err == nil && key == "" {
		err = p.fail("%q is empty", name)
	}
	return key, err
}

// variableName matches names of environment variables.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (p *parser) variable(name string) (string, error) {
	variable, err := p.single(Flag{Name: name})
	if err == nil && !variableName.MatchString(variable) {
		err = p.fail("%q must be the name of an environment variable", name)
	}
	return variable, err
}

// values reads the value of a flag.
func (p *parser) values(f Flag) ([]string, error) {
	if f.Kind != List || p.in.PeekKind() != '[' {
		v, err := p.single(f)
		return []string{v}, err
	}
	if _, err := p.token(); err != nil { // [
		return nil, err
	}
	values := []string{}
	for p.in.PeekKind() != ']' {
		v, err := p.single(f)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	_, err := p.token() // ]
	return values, err
}

// single reads one value.
func (p *parser) single(f Flag) (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	switch kind := t.Kind(); {
	case kind == '"' && (f.Kind == Text || f.Kind == List):
		return t.String(), nil
	case kind == '0' && f.Kind == Number:
		if _, err := strconv.Atoi(t.String()); err == nil {
			return t.String(), nil
		}
	case (kind == 't' || kind == 'f') && f.Kind == Switch:
		return strconv.FormatBool(t.Bool()), nil
	}
	if f.Example != "" {
		return "", p.fail("%q must be %v, such as %q", f.Name, f.Kind, f.Example)
	}
	return "", p.fail("%q must be %v", f.Name, f.Kind)
}

// expect reads a token of a kind.
func (p *parser) expect(kind jsontext.Kind, format string, args ...any) error {
	t, err := p.token()
	if err == nil && t.Kind() != kind {
		err = p.fail(format, args...)
	}
	return err
}
