package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/config"
	"mailerlake/schema/spelling"
)

// readConfig reads the config file. It warns if other users can read it and it holds a key.
func (p *program) readConfig(c *cli.Context) error {
	name := c.String("config")
	if p.call.file != nil || name == "" {
		return nil
	}
	s, err := await(c.Context, func() (secret, error) { return p.openSecret(name) })
	if err != nil {
		return usage(c, "read config: %w", err)
	}
	file, err := config.Parse(s.text, knownFlags(c.App))
	if err != nil {
		return usage(c, "config %s: %w", name, err)
	}
	if s.shared && file.HoldsKey() {
		p.warnShared(name)
	}
	p.call.file, p.call.name = file, name
	return nil
}

// chooseAccount chooses the account that a call is for. A command that takes several chooses for itself.
func (p *program) chooseAccount(c *cli.Context) error {
	several := kindOf(flagOf(c, "account")) == config.List
	chosen := []string{c.String("account")}
	if several {
		chosen = c.StringSlice("account")
	}
	switch {
	case p.call.account != nil:
		return nil
	case p.call.file == nil || p.call.file.Accounts == nil:
		if c.IsSet("account") {
			return usage(c, `--account needs a config file with "accounts"`)
		}
		return nil
	case !c.IsSet("account") && (several || len(p.call.file.Accounts) == 1):
		chosen = p.call.file.Names()
	case !c.IsSet("account"):
		return usage(c, "%s has several accounts; choose one with --account: %s", p.call.name, strings.Join(p.call.file.Names(), ", "))
	}
	for _, name := range chosen {
		account := p.call.file.Account(name)
		if account == nil {
			return p.noAccount(c, name)
		}
		if !several {
			p.call.account = account
		}
	}
	return nil
}

func (p *program) noAccount(c *cli.Context, name string) error {
	names := p.call.file.Names()
	return usage(c, "%s has no account %q; the accounts are %s%s", p.call.name, name, strings.Join(names, ", "), spelling.DidYouMean(name, "", names))
}

// likeExport are the flags of publish that a config file holds for export under other names. An export may have several
// destinations; then publish has to be told which.
var likeExport = map[string]string{"to": "publish", "format": "publish-format", "retain": "publish-retain"}

// fromConfig returns the values that the config file has for the flags of a command, and keeps where it has the key.
func (p *program) fromConfig(c *cli.Context) (values []value, err error) {
	set, from := p.call.file.Settings, p.call.name
	if a := p.call.account; a != nil {
		set = a.Settings
		if !p.call.labelled { // else the error names the account anyway
			from = fmt.Sprintf("account %q in %s", a.Name, p.call.name)
		}
	}
	p.call.key = set.Key
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		texts, ok := set.Values[name]
		if same := likeExport[name]; !ok && c.Command.Name == "publish" && len(set.Values[same]) == 1 {
			texts, ok = set.Values[same], true
		}
		if !ok {
			continue
		}
		if takesFile(f) {
			if texts, err = besideConfig(p.call.name, texts); err != nil {
				return nil, usage(c, "%q of %s: %w", name, from, err)
			}
		}
		values = append(values, value{name, texts, origin{from, true}})
	}
	return values, nil
}

// besideConfig returns paths of a config file as the process can use them: they are relative to the file's directory.
func besideConfig(file string, paths []string) (found []string, err error) {
	for _, path := range paths {
		switch {
		case path == "~" || strings.HasPrefix(path, "~/"):
			return nil, errors.New("a path with ~ is for shells; write it whole")
		case path != "" && path != "-" && file != "-" && !filepath.IsAbs(path):
			path = filepath.Join(filepath.Dir(file), path)
		}
		found = append(found, path)
	}
	return found, nil
}
