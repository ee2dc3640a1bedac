package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/config"
)

// sample is a value of a flag as the command line has it, and as a config file has it.
type sample struct {
	text string
	json string
}

// samples are three different values of each kind, for the config file, the environment and the command line.
var samples = map[config.Kind][3]sample{
	config.Text:   {{"c", `"c"`}, {"e", `"e"`}, {"f", `"f"`}},
	config.List:   {{"c,d", `["c", "d"]`}, {"e,f", ""}, {"g", ""}},
	config.Number: {{"1", "1"}, {"2", "2"}, {"3", "3"}},
}

// times are three values of a flag that is a length of time.
var times = [3]sample{{"2d", `"2d"`}, {"2m", `"2m"`}, {"3s", `"3s"`}}

// samplesOf returns the values to try for a flag. Of the two values of a switch, the last of the sources that are used gets
// one, and the others the other.
func samplesOf(f cli.Flag, last int, on bool) [3]sample {
	if generic, ok := f.(*cli.GenericFlag); ok {
		switch v := generic.Value.(type) {
		case *span:
			return times
		case *choice:
			first, second := sample{v.of[0], strconv.Quote(v.of[0])}, sample{v.of[1], strconv.Quote(v.of[1])}
			return [3]sample{first, second, first}
		}
	}
	if kindOf(f) != config.Switch {
		return samples[kindOf(f)]
	}
	var values [3]sample
	for i := range values {
		text := fmt.Sprint((i == last) == on)
		values[i] = sample{text, text}
	}
	return values
}

// TestPrecedence tries every flag of every command with each choice of its sources: the command line goes before the
// environment, that before the config file, and without any of them the flag is not set.
func TestPrecedence(t *testing.T) {
	tried := 0
	for _, command := range (&program{}).app(nil).Commands {
		for _, name := range []string{"config", "account", "json", "color", "log-format"} {
			if flagIn(command, "out") != nil && flagIn(command, name) == nil {
				t.Errorf("%s uses a dataset and takes no --%s", command.Name, name)
			}
		}
		for _, f := range command.Flags {
			name := f.Names()[0]
			if envName(f) == "" || name == "config" || name == "account" || flagIn(command, "config") == nil {
				continue
			}
			tried++
			for sources := range 8 {
				checkPrecedence(t, command.Name, f, sources, true)
				if kindOf(f) == config.Switch {
					checkPrecedence(t, command.Name, f, sources, false)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d flags were tried", tried)
	}
}

func flagIn(command *cli.Command, name string) cli.Flag {
	return flagOf(&cli.Context{Command: command}, name)
}

// checkPrecedence gives a flag of a command the sources that are bits of a number: the config file, the environment and the
// command line.
func checkPrecedence(t *testing.T, command string, f cli.Flag, sources int, on bool) {
	t.Helper()
	name, last := f.Names()[0], -1
	for i := range 3 {
		if sources&(1<<i) != 0 {
			last = i
		}
	}
	values := samplesOf(f, last, on)
	args, env, text := []string{"mailerlake", command}, map[string]string{"MAILERLAKE_CONFIG": "-"}, "{}"
	if sources&1 != 0 {
		text = fmt.Sprintf(`{%q: %s}`, name, values[0].json)
	}
	if sources&2 != 0 {
		env[envName(f)] = values[1].text
	}
	if sources&4 != 0 {
		args = append(args, "--"+name+"="+values[2].text)
	}
	got, set, err := settled(t, args, env, name, text)
	what := fmt.Sprintf("%s %s with %v and the config %s", strings.Join(args[1:], " "), name, env, text)
	switch {
	case sources&1 != 0 && refused[name] != "":
		if ExitCode(err) != wrongUsage || !strings.Contains(err.Error(), refused[name]) {
			t.Errorf("%s: got the error %v, want it refused", what, err)
		}
	case err != nil:
		t.Errorf("%s: %v", what, err)
	case set != (last >= 0):
		t.Errorf("%s: set is %v", what, set)
	case last >= 0 && got != values[last].text:
		t.Errorf("%s: got %q, want %q", what, got, values[last].text)
	}
}

// settled returns the value of a flag after all sources, and whether it is set. stdin is the standard input.
func settled(t *testing.T, args []string, env map[string]string, name, stdin string) (text string, set bool, err error) {
	t.Helper()
	p := &program{stdin: strings.NewReader(stdin), getenv: func(name string) string { return env[name] }}
	app := p.app(args)
	app.Command(args[1]).Action = func(c *cli.Context) error {
		err := p.settle(c)
		set, text = c.IsSet(name), shownValue(c, name)
		return err
	}
	err = app.RunContext(t.Context(), args)
	return text, set, err
}

// shownValue returns the value of a flag as the command line has it.
func shownValue(c *cli.Context, name string) string {
	switch v := c.Generic(name).(type) { // of any flag, in spite of its name
	case *cli.StringSlice:
		return strings.Join(v.Value(), ",")
	case *urls:
		return strings.Join(*v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// TestVariablesAreDistinct: no two flags of a command have the same variable, and a flag of one name is of one kind everywhere,
// as a config file may be for several commands.
func TestVariablesAreDistinct(t *testing.T) {
	kinds := map[string]config.Kind{}
	for _, command := range (&program{}).app(nil).Commands {
		seen := map[string]string{}
		for _, f := range command.Flags {
			name, variable := f.Names()[0], envName(f)
			if other := seen[variable]; other != "" && variable != "" {
				t.Errorf("%s: --%s and --%s have the variable %s", command.Name, other, name, variable)
			}
			seen[variable] = name
			if kind, known := kinds[name]; known && kind != kindOf(f) && len(name) > 1 && refused[name] == "" {
				t.Errorf("%s: --%s is %v, and %v elsewhere", command.Name, name, kindOf(f), kind)
			}
			kinds[name] = kindOf(f)
		}
	}
	for name := range refused {
		if _, known := kinds[name]; !known && name != "help" && name != "version" {
			t.Errorf("no command has the flag --%s, which config files cannot hold", name)
		}
	}
	for flag, those := range yields {
		for _, name := range append(those, flag) {
			if _, known := kinds[name]; !known {
				t.Errorf("no command has the flag --%s", name)
			}
		}
	}
}

// TestWrongVariables: a value that is none of its kind is wrong usage, and the error names the variable, not the value.
func TestWrongVariables(t *testing.T) {
	for variable, want := range map[string]string{
		"MAILERLAKE_FULL":    "true or false",
		"MAILERLAKE_RETRIES": "a whole number",
	} {
		_, _, err := settled(t, []string{"mailerlake", "export"}, map[string]string{variable: "sekret"}, "full", "")
		if ExitCode(err) != wrongUsage || !strings.HasPrefix(err.Error(), variable+" must be "+want) || strings.Contains(err.Error(), "sekret") {
			t.Errorf("%s: got the error %v", variable, err)
		}
	}
}

// TestConfigOfOtherCommands: a file is for all commands, so a flag that a command lacks is ignored, and a variable too.
func TestConfigOfOtherCommands(t *testing.T) {
	file := t.TempDir() + "/config.json"
	write(t, file, `{"tables": ["core"], "retain": "3d", "out": "here"}`)
	env := map[string]string{"MAILERLAKE_CONFIG": file, "MAILERLAKE_RATE": "many"}
	got, _, err := settled(t, []string{"mailerlake", "show"}, env, "out", "")
	if want := strings.TrimSuffix(file, "config.json") + "here"; got != want || err != nil {
		t.Errorf("got %q and the error %v, want %q", got, err, want)
	}
}

// TestConfigFromStandardInput: it is read once, for all accounts, and paths are relative to the current directory.
func TestConfigFromStandardInput(t *testing.T) {
	t.Chdir(t.TempDir())
	text := `{"demo": true, "tables": "group", "accounts": [{"name": "a", "out": "a"}, {"name": "b", "out": "b", "demo-day": 3}]}`
	o := runWith(t.Context(), strings.NewReader(text), "export", "--config", "-", "--json")
	if o.err != nil {
		t.Fatal(o.err, o.stderr)
	}
	var got accountsDocument
	if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || len(got.Accounts) != 2 || got.Accounts[1].Dataset != "b" {
		t.Errorf("got %v, %s", err, o.stdout)
	}
	for _, dir := range []string{"a", "b"} {
		if _, err := os.Stat(dir + "/group/part-00000.parquet"); err != nil {
			t.Error(err)
		}
	}
}

// stopping is an output that interrupts the program when it is first written to.
type stopping struct {
	mu sync.Mutex
	strings.Builder
	stop func()
}

func (s *stopping) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	return s.Builder.Write(text)
}

// TestInterruptedAccounts: an interrupt stops all accounts, and the document says of each what became of it.
func TestInterruptedAccounts(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "c.json", `{"demo": true, "tables": "group", "accounts": [{"name": "a", "out": "a"}, {"name": "b", "out": "b"}]}`)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stdout bytes.Buffer
	stderr := &stopping{stop: stop} // with the first line of the first account
	err := Run(ctx, strings.Fields("mailerlake export --config c.json --json"), nil, &stdout, stderr, func(string) string { return "" }, "v1")
	o := outcome{stdout.String(), stderr.String(), err}
	if ExitCode(o.err) != 130 || !strings.Contains(o.stderr, "b: interrupted; this account was not begun") {
		t.Errorf("got %v, stderr\n%s", o.err, o.stderr)
	}
	_, members := o.failure(t)
	accounts := members["accounts"].([]any)
	if len(accounts) != 2 || accounts[1].(map[string]any)["exit_code"] != 130.0 {
		t.Errorf("got the accounts %v", accounts)
	}
	if _, err := os.Stat("b"); err == nil {
		t.Error("the second account was begun")
	}
}

// TestReadmeConfig: the README's example is a config file, and its order of exit codes is the one that counts.
func TestReadmeConfig(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```json\n(\\{[^`]*\"accounts\".*?)```").FindSubmatch(readme)
	if example == nil {
		t.Fatal("the README has no config file with accounts")
	}
	c, err := config.Parse(example[1], knownFlags((&program{}).app(nil)))
	if err != nil || strings.Join(c.Names(), " ") != "shop blog" {
		t.Errorf("the README's config file: %v", err)
	}
	var order []string
	for _, code := range severity {
		if code != 2 { // plan is for one account
			order = append(order, strconv.Itoa(code))
		}
	}
	if want := "order: " + strings.Join(order, ", ") + "."; !strings.Contains(strings.Join(strings.Fields(string(readme)), " "), want) {
		t.Errorf("the README lacks %q", want)
	}
}
