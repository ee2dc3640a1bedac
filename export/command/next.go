package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// commitArgs returns the command that commits the plan of a command. It has the flags that such an export insists on, by
// the values that the plan had them with, wherever these came from; a config file is named again in their stead. Secrets are
// not among them.
func (p *program) commitArgs(c *cli.Context, dir string) []string {
	args := append([]string{"export", "--planned"}, p.configArgs()...)
	again := func(name string) bool { return c.IsSet(name) && !(p.call.from[name].file && p.namesConfig()) }
	if again("out") || !c.IsSet("out") {
		args = append(args, "--out", dir)
	}
	for _, name := range []string{"drop", "hash"} {
		if again(name) {
			args = append(args, "--"+name, strings.Join(c.StringSlice(name), ","))
		}
	}
	if again("hash-key-file") && len(c.StringSlice("hash")) > 0 {
		args = append(args, "--hash-key-file", c.String("hash-key-file"))
	}
	for _, name := range []string{"private", "campaign-content"} {
		if c.Bool(name) && again(name) {
			args = append(args, "--"+name)
		}
	}
	return args
}

// namesConfig reports whether the config file can be named again: what was on standard input cannot.
func (p *program) namesConfig() bool { return p.call.file != nil && p.call.name != "-" }

// configArgs names the config file and its account.
func (p *program) configArgs() (args []string) {
	if !p.namesConfig() {
		return nil
	}
	args = []string{"--config", p.call.name}
	if p.call.account != nil {
		args = append(args, "--account", p.call.account.Name)
	}
	return args
}

// repairArgs returns the command that repairs what verify found. The key for hashed columns, if there are any, is left to
// the user.
func repairArgs(v *export.Verification) []string {
	if v.Destination {
		return []string{"publish", "--repair", "--to", v.Dataset}
	}
	args := []string{"export", "--repair", "--out", v.Dataset}
	d, err := dataset.Open(disk.OS(false), v.Dataset)
	if err != nil || d.Manifest == nil {
		return args
	}
	if p := d.Manifest.Privacy; p != nil {
		args = append(args, privacyArgs(p.Drop, p.Hash)...)
	}
	if d.Manifest.Account.ID == demoAccount {
		args = append(args, "--demo")
	}
	return args
}

func privacyArgs(drop, hash []string) (args []string) {
	if len(drop) > 0 {
		args = append(args, "--drop", strings.Join(drop, ","))
	}
	if len(hash) > 0 {
		args = append(args, "--hash", strings.Join(hash, ","))
	}
	return args
}
