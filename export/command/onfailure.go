package command

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/shell"
	"mailerlake/export/terminal"
)

// onFailureWithin is how long the command of --on-failure may take.
const onFailureWithin = time.Minute

const onFailureVariable = variablePrefix + "ON_FAILURE"

// onFailure runs the command that --on-failure names, if an export has ended with an error. It is run when all else is done, also
// after an interrupt, and changes nothing about how the program ends.
func (p *program) onFailure(c *cli.Context, a answer, err error) {
	line := c.String("on-failure")
	if line == "" || err == nil {
		return
	}
	var report bytes.Buffer
	failed := terminal.JSON(&report, a.json(err))
	if failed == nil {
		environment := append(p.withoutSecrets(p.environment), failures(a.runs, err)...)
		failed = shell.Run(context.WithoutCancel(c.Context), line, environment, report.Bytes(), p.stderr, onFailureWithin)
	}
	if failed != nil {
		p.say.Warning("the command of --on-failure failed: " + failed.Error())
	}
}

// failures tells a command by its environment which runs failed, and why.
func failures(runs []ran, err error) []string {
	var accounts, datasets []string
	for _, r := range runs {
		if r.err != nil {
			accounts, datasets = append(accounts, r.account(r.manifest())), append(datasets, r.dataset)
		}
	}
	return []string{
		exitCodeVariable + "=" + strconv.Itoa(ExitCode(err)),
		errorVariable + "=" + message(err),
		accountsVariable + "=" + strings.Join(accounts, ","),
		datasetsVariable + "=" + strings.Join(datasets, ","),
	}
}

// The variables that the command of --on-failure has.
const (
	exitCodeVariable = variablePrefix + "EXIT_CODE"
	errorVariable    = variablePrefix + "ERROR"
	accountsVariable = variablePrefix + "ACCOUNT_NAME"
	datasetsVariable = variablePrefix + "DATASET"
)

// withoutSecrets leaves out of an environment the variables that hold keys, others of the same value, and what would run the command
// again if it runs mailerlake.
func (p *program) withoutSecrets(environment []string) []string {
	names := []string{"MAILERLITE_API_KEY", "MAILERLAKE_HASH_KEY", onFailureVariable}
	if file := p.call.file; file != nil {
		names = append(names, file.Key.Variable)
		for _, account := range file.Accounts {
			names = append(names, account.Key.Variable)
		}
	}
	named := func(name string) bool {
		return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) }) // Windows ignores case
	}
	secret := map[string]bool{}
	for _, entry := range environment {
		if name, value, _ := strings.Cut(entry, "="); named(name) && value != "" {
			secret[value] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return named(name) || secret[value]
	})
}
