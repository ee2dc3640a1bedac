// Package config reads the configuration file of mailerlake: a JSON object whose members are flags under their long names.
//
// The name you want is [Parse]. It checks a file against the flags that the command line has, and returns their values as
// they would stand there.
//
// What always holds:
//
//   - A member that is not known is refused, with the name that was probably meant.
//   - An error says in which line it is and never repeats a value, which may be a secret; nor a name that looks like one.
//   - Members outside "accounts" are the defaults of every account.
package config

import (
	"maps"
)

// Kind is what a flag takes.
type Kind int

// The kinds of flags.
const (
	Text   Kind = iota
	List        // of texts; a single text will do
	Switch      // true or false
	Number      // whole
)

// String says what a value of the kind is.
func (k Kind) String() string {
	return [...]string{"a text in quotes", `a list of texts, such as ["a", "b"]`, "true or false", "a whole number"}[k]
}

// Flag is a flag that the command line has.
type Flag struct {
	Name string
	Kind Kind
	// Example is a usual value of a text, for errors.
	Example string
	// Refused says why the file cannot hold the flag, empty if it can.
	Refused string
	// Whole says that the flag is about a whole run, so that an account cannot have its own.
	Whole bool
}

// Config is what a file says.
type Config struct {
	// Settings are those outside of the accounts.
	Settings
	// Accounts are in the order of the file; nil if it has none.
	Accounts []Account
}

// Account is an account that the file names.
type Account struct {
	Name string
	// Settings are its own, with those outside of the accounts where it has none.
	Settings
}

// Settings are values of flags.
type Settings struct {
	// Values are those of each flag by its name, one by one as the flag would be given.
	Values map[string][]string
	// Key is where the API key is. It is empty if "api-key-file" is among the values.
	Key Key
}

// Key is an API key, or the environment variable that holds it; at most one of them is not empty.
type Key struct{ Text, Variable string }

// Members that say where the API key is. An object has one of them at most.
const (
	keyText     = "api_key"
	keyVariable = "api-key-env"
	keyFile     = "api-key-file"
	accounts    = "accounts"
	accountName = "name"
)

// HoldsKey reports whether the file itself has a key.
func (c *Config) HoldsKey() bool {
	holds := c.Key.Text != ""
	for _, a := range c.Accounts {
		holds = holds || a.Key.Text != ""
	}
	return holds
}

// Names returns the names of the accounts.
func (c *Config) Names() (names []string) {
	for _, a := range c.Accounts {
		names = append(names, a.Name)
	}
	return names
}

// Account returns the account of a name, nil if there is none.
func (c *Config) Account(name string) *Account {
	for i := range c.Accounts {
		if c.Accounts[i].Name == name {
			return &c.Accounts[i]
		}
	}
	return nil
}

// over returns settings with defaults where they say nothing. A key of their own takes the place of any other.
func (s Settings) over(defaults Settings) Settings {
	values := maps.Clone(defaults.Values)
	key := defaults.Key
	if s.hasKey() {
		delete(values, keyFile)
		key = s.Key
	}
	maps.Copy(values, s.Values)
	return Settings{values, key}
}

// hasKey reports whether the settings say where the API key is.
func (s Settings) hasKey() bool {
	_, file := s.Values[keyFile]
	return file || s.Key != Key{}
}
