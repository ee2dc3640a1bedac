package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// commitArgs returns the command that commits the plan of a command. It has the flags that such an export insists on, by
// the values that the plan had them with, wherever these came from. Secrets are not among them.
func commitArgs(c *cli.Context, dir string) []string {
	args := append([]string{"export", "--planned", "--out", dir}, privacyArgs(c.StringSlice("drop"), c.StringSlice("hash"))...)
	if file := c.String("hash-key-file"); file != "" && len(c.StringSlice("hash")) > 0 {
		args = append(args, "--hash-key-file", file)
	}
	for _, name := range []string{"private", "campaign-content"} {
		if c.Bool(name) {
			args = append(args, "--"+name)
		}
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
