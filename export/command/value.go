package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/schema/spelling"
)

// span is the value of a flag that is a length of time.
type span struct {
	text, like string // as it was given; a time of the usual size
	value      time.Duration
}

func (s *span) Set(text string) error {
	value, err := period(text, s.like)
	if err == nil {
		s.text, s.value = text, value
	}
	return err
}

func (s *span) String() string { return s.text }

// timeFlag declares a flag that is a length of time.
func timeFlag(name, usage, value string) *cli.GenericFlag {
	s := &span{like: value}
	_ = s.Set(value)
	return &cli.GenericFlag{Name: name, Usage: usage, Value: s, DefaultText: value}
}

// timeOf returns the value of a timeFlag, 0 if the command has no such flag.
func timeOf(c *cli.Context, name string) time.Duration {
	if s, ok := c.Generic(name).(*span); ok {
		return s.value
	}
	return 0
}

// choice is the value of a flag that is one of a few words.
type choice struct {
	word string
	of   []string
}

func (v *choice) Set(word string) error {
	if !slices.Contains(v.of, word) {
		return fmt.Errorf("%q is not one of %s%s", word, strings.Join(v.of, ", "), spelling.DidYouMean(word, "", v.of))
	}
	v.word = word
	return nil
}

func (v *choice) String() string { return v.word }

// choiceFlag declares a flag that is one of a few words, or empty if it is not given and has no value by default. Its
// context has it as a string.
func choiceFlag(name, usage, value string, of ...string) *cli.GenericFlag {
	return &cli.GenericFlag{Name: name, Usage: usage, Value: &choice{value, of}}
}
