package command

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// demoAccount is the id of the simulated account. No account of MailerLite can have it: their ids are numbers.
const demoAccount = "demo"

func demo(c *cli.Context) bool { return c.Bool("demo") || c.IsSet("demo-day") }

// simulated directs the client to the simulated account, which has no rate limit.
func simulated(c *cli.Context, o client.Options) (client.Options, error) {
	for _, name := range []string{"api-url", "api-key-file"} {
		if c.IsSet(name) {
			return o, usage(c, "--%s cannot be used with --demo", name)
		}
	}
	account := mailerlitetest.Demo(c.Int("demo-day"))
	account.AccountID, account.RatePerMinute = demoAccount, -1
	server, err := await(c.Context, func() (*mailerlitetest.Account, error) { return mailerlitetest.New(account), nil })
	if err != nil {
		return o, err
	}
	o.Transport = server.Transport()
	o.URL, o.Rate = "", max(o.Rate, 0)
	return o, nil
}

// whereDemoIs adds to an error about a dataset that does not exist where that of the demo is, for whoever has no other yet.
func whereDemoIs(c *cli.Context, err error) error {
	if !errors.Is(err, export.ErrNoDataset) || c.IsSet("out") {
		return err
	}
	if d, failed := dataset.Open(disk.OS(false), defaultDemoDir); failed != nil || d.Manifest == nil {
		return err
	}
	return fmt.Errorf("%w; the one of the demo is seen with --out %s", err, filepath.Clean(defaultDemoDir))
}

// checkDemo keeps the demo and the accounts of users out of each other's datasets, also where a server does not say which
// account it answers for. A dataset that cannot be opened is left to the run.
func checkDemo(c *cli.Context, dir string) error {
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil || d.Manifest == nil {
		return nil
	}
	switch ofDemo := d.Manifest.Account.ID == demoAccount; {
	case demo(c) && !ofDemo:
		return fmt.Errorf("the dataset in %s is of an account, not of the demo; give --demo another directory with --out", dir)
	case ofDemo && !demo(c):
		return fmt.Errorf("the dataset in %s is of the demo; export your account to another directory with --out, or go on with --demo", dir)
	}
	return nil
}
