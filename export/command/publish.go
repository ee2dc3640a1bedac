package command

import (
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/terminal"
)

// publish is the command that brings a destination to the state of the dataset.
func (p *program) publish() *cli.Command {
	flags := append(commonFlags(),
		&cli.StringFlag{Name: "to", Usage: "publish to `URL`: s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix or file:///directory"},
		toggle("quiet", "print only warnings and errors, and the JSON document if there is one"),
		toggle("repair", "compare every object with the dataset by its checksum, and replace what is damaged"),
		toggle("adopt", "start over from the dataset where others changed Delta tables, or the destination's own records are damaged or missing"),
		timeFlag("lease", "take over from a publisher that was silent for `TIME`", "1m"),
	)
	return &cli.Command{
		Name:  "publish",
		Usage: "copy the dataset to S3, Google Cloud Storage, Azure or a directory",
		Description: "Only what differs is uploaded, and an interrupted publish is finished by the next one. Credentials come from\n" +
			"where the tools of each cloud look for them (AWS_ACCESS_KEY_ID or AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS,\n" +
			"AZURE_STORAGE_KEY, ...), never from the URL or a flag.",
		Flags:  append(flags, layoutFlags("")...),
		Action: p.action(p.runPublish),
	}
}

func (p *program) runPublish(c *cli.Context) (answer, error) {
	dir, err := p.dir(c)
	if err != nil {
		return answer{}, err
	}
	if c.String("to") == "" {
		return answer{}, usage(c, "--to is missing: the URL to publish to")
	}
	if lease := timeOf(c, "lease"); lease < time.Second || lease > export.MaxLease {
		return answer{}, usage(c, "--lease must be from 1s to 1h")
	}
	d, err := destinationAt(c, c.String("to"), "", dir)
	if err != nil {
		return answer{}, err
	}
	defer d.Store.Close()
	d.Repair, d.Adopt, d.Lease = c.Bool("repair"), c.Bool("adopt"), timeOf(c, "lease")
	progress := p.progress(c, dir, export.Publishing)
	defer progress.Close()
	defer noteInterrupt(c.Context, progress)()
	r, err := export.Publish(c.Context, export.PublishOptions{Destination: d, FS: disk.OS(false), Dir: dir,
		Program: "mailerlake " + p.version, OnTransfer: progress.Transfer})
	a := answer{document: func(h head) any { return publishedDocument{h, r} }}
	if err == nil && !c.Bool("quiet") {
		a.text = func(w io.Writer) error { return terminal.Published(w, r) }
	}
	return a, err
}
