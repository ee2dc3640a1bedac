package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/feed/encode"
	"mailerlake/export/terminal"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// formatTable is the format for people.
const formatTable = "table"

// changes is the command that shows what changed since a snapshot.
func (p *program) changes() *cli.Command {
	return &cli.Command{
		Name:  "changes",
		Usage: "show or write the rows that changed since a snapshot, for loaders",
		Description: "Shows each changed row once: an insert or update with its present values, a delete with its key.\n" +
			"A loader deletes these keys from its table, inserts the rows that are not deletes, and keeps the snapshot that\n" +
			"they lead to for the next --since: _snapshot of every row, or \"snapshot\" in what -o FILE --json prints.\n" +
			"Rows on standard output count only if the exit code is 0. Code 8: load the tables that it names with --since 0.",
		Flags: append(append(sourceFlags(""), outputFlags()...),
			&cli.Int64Flag{Name: "since", Usage: "the changes after snapshot `N`, the last one that was loaded; 0 for all rows, as inserts", DefaultText: "required"},
			&cli.StringSliceFlag{Name: "tables", Usage: "only these `TABLES`, or sets of them: core, default, all", DefaultText: "all that the dataset has"},
			&cli.StringSliceFlag{Name: "exclude", Usage: "all tables, or those of --tables, except these `TABLES` or sets"},
			changesFormatFlag(),
			&cli.StringFlag{Name: "o", Usage: "write the rows to `FILE`, whole or not at all, instead of standard output"},
			toggle("json", "with -o FILE: print what was written as one JSON document; for rows as JSON see --format"),
		),
		Action: p.action(p.runChanges),
	}
}

func changesFormatFlag() cli.Flag {
	f := choiceFlag("format", "`FORMAT`: table (for people), json (a line for each row), csv or parquet (one table each)", "",
		formatTable, encode.JSON, encode.CSV, encode.Parquet)
	f.DefaultText = "by the suffix of FILE, or table"
	return f
}

func (p *program) runChanges(c *cli.Context) (answer, error) {
	o, format, err := p.changesOptions(c)
	if err != nil {
		return answer{}, err
	}
	file := c.String("o")
	if file == "" || file == "-" {
		changes, err := p.printChanges(c.Context, o, format)
		if err != nil {
			return answer{}, err
		}
		if format == formatTable {
			return answer{}, terminal.WriteChanges(p.output, changes)
		}
		return answer{}, p.saySum(changes)
	}
	changes, err := p.writeChanges(c.Context, o, format, file)
	if errors.Is(err, export.ErrChanged) { // nothing was written yet, so that it can begin again
		changes, err = p.writeChanges(c.Context, o, format, file)
	}
	if err != nil {
		file = ""
	}
	a := answer{document: func(h head) any { return changesDocument{h, changes, file} }}
	if err == nil {
		a.text = func(w io.Writer) error { return terminal.WriteChanges(w, changes) }
	}
	return a, againHint(err)
}

// saySum sums up on stderr the changes whose rows are on stdout.
func (p *program) saySum(changes *export.Changes) error {
	var text strings.Builder
	if err := terminal.WriteChanges(&text, changes); err != nil {
		return err
	}
	p.say.Info(strings.TrimSpace(text.String()), "since", changes.Since, "snapshot", changes.Snapshot)
	return nil
}

// againHint adds to an error that another run committed what to do about it.
func againHint(err error) error {
	if errors.Is(err, export.ErrChanged) {
		return fmt.Errorf("%w; run it again", err)
	}
	return err
}

func (p *program) printChanges(ctx context.Context, o export.ChangesOptions, format string) (*export.Changes, error) {
	if format == encode.Parquet && terminal.IsTerminal(p.stdout) {
		return nil, errors.New("a Parquet file is not for a terminal; give -o FILE")
	}
	w, err := p.changesWriter(format, p.output)
	if err != nil {
		return nil, err
	}
	changes, err := export.ReadChanges(ctx, o, w)
	return changes, againHint(err)
}

// writeChanges writes the rows to a file, whole or not at all.
func (p *program) writeChanges(ctx context.Context, o export.ChangesOptions, format, file string) (changes *export.Changes, err error) {
	err = writeWhole(o.FS, file, func(f disk.File) error {
		w, err := p.changesWriter(format, f)
		if err == nil {
			changes, err = export.ReadChanges(ctx, o, w)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

func (p *program) changesWriter(format string, out io.Writer) (export.ChangesWriter, error) {
	if format == formatTable {
		return terminal.NewChangesTable(out), nil
	}
	return encode.New(format, out, "mailerlake "+p.version)
}

// changesOptions checks the flags.
func (p *program) changesOptions(c *cli.Context) (o export.ChangesOptions, format string, err error) {
	o = export.ChangesOptions{Since: c.Int64("since")}
	if o.Dir, err = p.dir(c); err != nil {
		return o, "", err
	}
	o.FS = datasetFS(o.Dir)
	if !c.IsSet("since") || o.Since < 0 {
		return o, "", usage(c, "--since needs the snapshot to start from; 0 for all rows")
	}
	if o.Tables, o.Required, err = changedTables(c); err != nil {
		return o, "", err
	}
	if format, err = changesFormat(c, o.Dir); err != nil {
		return o, "", err
	}
	if format == encode.CSV || format == encode.Parquet {
		if len(o.Tables) != 1 {
			return o, "", usage(c, "--format %s holds one table; name it with --tables", format)
		}
		o.Required = o.Tables // without it, the file would have no columns
	}
	return o, format, nil
}

// changedTables returns the tables that --tables and --exclude leave, and those of them that were named one by one.
func changedTables(c *cli.Context) (chosen, named []string, err error) {
	if chosen, err = chosenFrom(c, schema.SetAll); err != nil {
		return nil, nil, err
	}
	for _, name := range c.StringSlice("tables") {
		if tables.All().Lookup(name) != nil && slices.Contains(chosen, name) {
			named = append(named, name)
		}
	}
	return chosen, named, nil
}

// formats are the formats of files by the suffix of their names.
var formats = map[string]string{".json": encode.JSON, ".ndjson": encode.JSON, ".jsonl": encode.JSON, ".csv": encode.CSV, ".parquet": encode.Parquet, ".txt": formatTable}

func changesFormat(c *cli.Context, dir string) (string, error) {
	format, file := c.String("format"), c.String("o")
	toFile := file != "" && file != "-"
	if toFile {
		if err := outsideDataset(c, dir, file, file); err != nil {
			return "", err
		}
	}
	switch {
	case c.Bool("json") && !toFile:
		return "", usage(c, "--json says what was written to -o FILE; for rows as JSON give --format json")
	case format == "" && toFile:
		if format = formats[strings.ToLower(filepath.Ext(file))]; format == "" {
			return "", usage(c, "give --format; the name of %s does not say it", file)
		}
	case format == "":
		format = formatTable
	}
	return format, nil
}
