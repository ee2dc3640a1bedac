package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/publish/store"
)

// urls are the values of a flag that can be given several times. Unlike those of a string slice flag, they may have commas.
type urls []string

func (u *urls) Set(value string) error {
	*u = append(*u, value)
	return nil
}

func (u *urls) String() string { return strings.Join(*u, " ") }

// layoutFlags are the flags that say how to publish, with a prefix of their names.
func layoutFlags(prefix string) []cli.Flag {
	format := choiceFlag(prefix+"format", "publish as `FORMAT`: parquet (the files as they are) or delta (a Delta table each)", "", export.Parquet, export.Delta)
	format.DefaultText = "as the destination is, parquet for a new one"
	return []cli.Flag{
		format,
		timeFlag(prefix+"retain", "keep the files of earlier versions of Delta tables for `TIME`", "7d"),
	}
}

// destinationAt opens a destination and checks the flags of layoutFlags.
func destinationAt(c *cli.Context, url, prefix, dir string) (d export.Destination, err error) {
	d.Format = c.String(prefix + "format")
	d.Retain = timeOf(c, prefix+"retain")
	if overlaps, err := store.Overlaps(url, dir); err == nil && overlaps {
		return d, usage(c, "destination %s overlaps the dataset in %s", url, dir)
	}
	d.Store, err = openStore(c, url)
	return d, err
}
