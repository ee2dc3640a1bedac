package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
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
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors of Windows begin files with it
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

// expect reads a token of a kind.
func (p *parser) expect(kind jsontext.Kind, format string, args ...any) error {
	t, err := p.token()
	if err == nil && t.Kind() != kind {
		err = p.fail(format, args...)
	}
	return err
}
