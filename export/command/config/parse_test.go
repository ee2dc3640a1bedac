package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var flags = []Flag{
	{Name: "out"}, {Name: "api-key-file"}, {Name: "tables", Kind: List}, {Name: "publish", Kind: List}, {Name: "full", Kind: Switch},
	{Name: "rate", Kind: Number}, {Name: "timeout", Example: "30s"}, {Name: "yes", Kind: Switch, Refused: "give --yes"},
	{Name: "metrics", Whole: true},
}

func TestParse(t *testing.T) {
	text := `{
		"out": "lake", "tables": ["core", "shop"], "publish": "file:///a,b", "full": false, "rate": 100, "timeout": "1m30s",
		"metrics": "m.prom", "api_key": "1234", "accounts": [
			{"name": "shop", "out": "lakes/shop", "full": true},
			{"name": "Büro 2", "api-key-file": "key", "tables": [], "publish": ["s3://a", "s3://b"]},
			{"name": "c", "api-key-env": "KEY_C"}
		]}`
	got, err := Parse([]byte(text), flags)
	if err != nil {
		t.Fatal(err)
	}
	shared := map[string][]string{"out": {"lake"}, "tables": {"core", "shop"}, "publish": {"file:///a,b"}, "full": {"false"}, "rate": {"100"},
		"timeout": {"1m30s"}, "metrics": {"m.prom"}}
	with := func(changed map[string][]string) map[string][]string {
		return Settings{Values: changed}.over(Settings{Values: shared}).Values
	}
	want := &Config{Settings{shared, Key{Text: "1234"}}, []Account{
		{"shop", Settings{with(map[string][]string{"out": {"lakes/shop"}, "full": {"true"}}), Key{Text: "1234"}}},
		{"Büro 2", Settings{with(map[string][]string{"api-key-file": {"key"}, "tables": {}, "publish": {"s3://a", "s3://b"}}), Key{}}},
		{"c", Settings{shared, Key{Variable: "KEY_C"}}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if !got.HoldsKey() || got.Account("c") == nil || got.Account("d") != nil || strings.Join(got.Names(), " ") != "shop Büro 2 c" {
		t.Errorf("got the accounts %v", got.Names())
	}
}

// TestByteOrderMark: a file of a Windows editor is read like any other.
func TestByteOrderMark(t *testing.T) {
	if c, err := Parse([]byte("\ufeff{\"out\": \"lake\"}\r\n"), flags); err != nil || c.Values["out"][0] != "lake" {
		t.Errorf("got %v, %v", c, err)
	}
}

// TestOwnKeyOfAccount: a key of its own takes the place of any key outside of the accounts.
func TestOwnKeyOfAccount(t *testing.T) {
	got, err := Parse([]byte(`{"api-key-file": "all", "accounts": [{"name": "a"}, {"name": "b", "api_key": "own"}, {"name": "c", "api-key-env": "C"}]}`), flags)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range got.Accounts {
		if file := a.Values["api-key-file"]; (file != nil) != (a.Name == "a") || (a.Key != Key{}) != (a.Name != "a") {
			t.Errorf("account %s: got the key %v and the key file %v", a.Name, a.Key, file)
		}
	}
}

// secret must show in no error.
const secret = "eyJ0eXAi.OiJKV1Qi-4711"

// mistakes are files that are refused, with the error.
var mistakes = []struct{ text, want string }{
	{`{"tabels": []}`, `line 1: there is no "tabels"; did you mean "tables"?`},
	{"{\n\"out\": \"a\",\n\"Tables\": []}", `line 3: there is a member that is not known; did you mean "tables"?`},
	{`{"api-key": "` + secret + `"}`, `line 1: there is no "api-key"; did you mean "api_key"?`},
	{`{"account": []}`, `line 1: there is no "account"; did you mean "accounts"?`},
	{`{"nonsense": 1}`, `line 1: there is no "nonsense"; the members are flags under their long names, without --`},
	{`{"` + secret + `": 1}`, `line 1: there is a member that is not known; the members are flags under their long names, without --`},
	{`{"accounts": [{"name": "a", "ouut": "b"}]}`, `line 1: there is no "ouut"; did you mean "out"?`},
	{`{"accounts": [{"name": "a", "accounts": []}]}`, `line 1: an account cannot have "accounts"`},
	{`{"name": "a"}`, `line 1: there is no "name"; the members are flags under their long names, without --`},
	{`{"yes": true}`, `line 1: "yes" cannot be in a config file: give --yes`},
	{`{"accounts": [{"name": "a", "metrics": "m"}]}`, `line 1: "metrics" is about the whole run; move it out of "accounts"`},
	{`{"out": 3}`, `line 1: "out" must be a text in quotes`},
	{`{"out": null}`, `line 1: "out" must be a text in quotes`},
	{`{"out": ["a"]}`, `line 1: "out" must be a text in quotes`},
	{`{"out": {"` + secret + `": 1}}`, `line 1: "out" must be a text in quotes`},
	{`{"full": "true"}`, `line 1: "full" must be true or false`},
	{`{"rate": "` + secret + `"}`, `line 1: "rate" must be a whole number`},
	{`{"rate": 1.5}`, `line 1: "rate" must be a whole number`},
	{`{"rate": 99999999999999999999}`, `line 1: "rate" must be a whole number`},
	{`{"timeout": 5}`, `line 1: "timeout" must be a text in quotes, such as "30s"`},
	{`{"tables": [["` + secret + `"]]}`, `line 1: "tables" must be a list of texts, such as ["a", "b"]`},
	{`{"tables": ["a", true]}`, `line 1: "tables" must be a list of texts, such as ["a", "b"]`},
	{`{"api_key": ""}`, `line 1: "api_key" is empty`},
	{`{"api_key": "$KEY"}`, `line 1: "api_key" is the key itself; a variable that holds it is named by "api-key-env"`},
	{`{"api_key": 4711}`, `line 1: "api_key" must be a text in quotes`},
	{`{"api-key-env": "` + secret + `"}`, `line 1: "api-key-env" must be the name of an environment variable`},
	{`{"api_key": "` + secret + `", "api-key-file": "f"}`, `line 1: give one of "api_key", "api-key-file" and "api-key-env"`},
	{`{"api-key-file": "f", "api-key-env": "E"}`, `line 1: give one of "api_key", "api-key-file" and "api-key-env"`},
	{`{"out": "a", "out": "b"}`, `line 1: "out" is there twice`},
	{`{"` + secret + `": "a"} x`, `line 1: there is a member that is not known; the members are flags under their long names, without --`},
	{"{\"out\": \"a\"}\n{}", `line 2: there is more after the end of the object`},
	{"{\"out\": \"a\"\n\"rate\": 1}", `line 2: it is not valid JSON: invalid character '"' after object value (expecting ',' or '}')`},
	{"{\"out\": \"a\",\n}", "line 1: it is not valid JSON: invalid character ',' at start of value"},
	{`{"out": "a"`, `line 1: the file ends too early; a closing } may be missing`},
	{"", `line 1: the file ends too early; a closing } may be missing`},
	{secret, `line 1: it is not a JSON object, such as {"out": "lake"}`},
	{`[]`, `line 1: it is not a JSON object, such as {"out": "lake"}`},
	{`{"accounts": {}}`, `line 1: "accounts" must be a list of objects, such as [{"name": "shop", "out": "lakes/shop"}]`},
	{`{"accounts": []}`, `line 1: "accounts" is empty`},
	{`{"accounts": ["` + secret + `"]}`, `line 1: an account must be an object with a "name"`},
	{`{"accounts": [{}]}`, `line 1: this account has no "name"`},
	{`{"accounts": [{"name": ""}]}`, `line 1: the "name" of an account is empty`},
	{`{"accounts": [{"name": "a,b"}]}`, `line 1: the "name" of an account must have 64 bytes at most, no comma, and no spaces around it`},
	{`{"accounts": [{"name": "a\u001b[31m"}]}`, `line 1: the "name" of an account must have 64 bytes at most, no comma, and no spaces around it`},
	{"{\"accounts\": [{\"name\": \"a\"},\n{\"name\": \"a\"}]}", `line 2: there are two accounts with the name "a"`},
}

func TestMistakes(t *testing.T) {
	for _, m := range mistakes {
		_, err := Parse([]byte(m.text), flags)
		if err == nil || err.Error() != m.want {
			t.Errorf("%s\ngot  %v\nwant %s", m.text, err, m.want)
		}
	}
}

// FuzzParse: no file makes the parser panic, hang or repeat a secret, and what it accepts is as the flags are.
func FuzzParse(f *testing.F) {
	f.Add(`{"out": "lake", "api_key": "SECRET", "accounts": [{"name": "a", "api_key": "SECRET", "tables": ["core"]}]}`)
	f.Add("{\"rate\": SECRET, \"full\": true,\n\"timeout\": \"SECRET\"}")
	f.Add(`{"SECRET": "SECRET", "SECRET": 1}`)
	for _, m := range mistakes {
		f.Add(strings.ReplaceAll(m.text, secret, "SECRET"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse([]byte(strings.ReplaceAll(text, "SECRET", secret)), flags)
		switch {
		case err != nil && strings.Contains(err.Error(), secret):
			if name := `two accounts with the name "`; !strings.Contains(err.Error(), name) { // a name is no secret
				t.Fatalf("the error repeats the secret: %v", err)
			}
		case err != nil && !strings.HasPrefix(err.Error(), "line "):
			t.Fatalf("the error has no line: %v", err)
		case err == nil:
			checkSettings(t, c.Settings)
			for _, a := range c.Accounts {
				if a.Name == "" || c.Account(a.Name).Name != a.Name {
					t.Fatalf("the account %q is not found", a.Name)
				}
				checkSettings(t, a.Settings)
			}
		}
	})
}

func checkSettings(t *testing.T, s Settings) {
	t.Helper()
	_, file := s.Values["api-key-file"]
	if file && s.Key != (Key{}) || s.Key.Text != "" && s.Key.Variable != "" {
		t.Fatal("there is more than one key")
	}
	for name, values := range s.Values {
		p := &parser{flags: flags}
		if f := p.flag(name); f == nil || f.Refused != "" || f.Kind != List && len(values) != 1 {
			t.Fatalf("%s has the values %q", name, values)
		}
	}
}
