package config

import (
	"regexp"
	"slices"
	"strconv"

	"mailerlake/schema/spelling"
)

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
	switch {
	case err != nil:
		return "", err
	case key == "":
		return "", p.fail("%q is empty", name)
	case key[0] == '$': // no shell reads the file
		return "", p.fail("%q is the key itself; a variable that holds it is named by %q", name, keyVariable)
	}
	return key, nil
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
