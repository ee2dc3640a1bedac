package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/terminal"
	"mailerlake/schema/tables"
)

// forget is the command that takes a person out of the history.
func (p *program) forget() *cli.Command {
	return &cli.Command{
		Name:  "forget",
		Usage: "take a person out of the history that --history keeps",
		Description: "Removes all values but the keys from the person's rows in the change files, and from rows that refer to them.\n" +
			"Loaders still learn of deletes. The present tables stay as they are: delete the person in MailerLite and\n" +
			"export first. What unfinished scans and the last plan have read is removed too. Copies, backups and what was\n" +
			"published are not reached; publish again.",
		Flags: append(commonFlags(),
			&cli.StringFlag{Name: "email", Usage: "whoever has or had this `ADDRESS`, also where it is hashed"},
			&cli.StringFlag{Name: "id", Usage: "the subscriber with this `ID`"},
			&cli.StringFlag{Name: "hash-key-file", Usage: "read the key of --hash from `FILE` (- for standard input) instead of $MAILERLAKE_HASH_KEY", TakesFile: true},
		),
		Action: p.action(p.runForget),
	}
}

// datasetFS returns the file system, whose new files are for the owner only if the dataset is.
func datasetFS(dir string) disk.FS {
	info, err := os.Stat(filepath.Join(dir, dataset.ManifestName))
	return disk.OS(err == nil && info.Mode().Perm()&0o077 == 0)
}

func (p *program) runForget(c *cli.Context) (answer, error) {
	email, id := strings.TrimSpace(c.String("email")), strings.TrimSpace(c.String("id"))
	o := export.ForgetOptions{Catalog: tables.All(), Email: email, ID: id, Program: "mailerlake " + p.version}
	if (o.Email == "") == (o.ID == "") {
		return answer{}, usage(c, "give either --email or --id")
	}
	var err error
	if o.Dir, err = p.dir(c); err != nil {
		return answer{}, err
	}
	o.FS = datasetFS(o.Dir)
	if o.Key, err = p.readHashKey(c); err != nil {
		return answer{}, err
	}
	f, err := export.Forget(c.Context, o)
	a := answer{document: func(h head) any { return forgottenDocument{h, f} }}
	if err == nil {
		a.text = func(w io.Writer) error { return terminal.Forgotten(w, f) }
	}
	return a, err
}
