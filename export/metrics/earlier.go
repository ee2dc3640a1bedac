package metrics

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

const successName = "mailerlake_last_success_timestamp_seconds"

// errNotOurs says that a text is not one of Text, or not whole.
var errNotOurs = errors.New("it is not what mailerlake writes")

// Successes returns when the runs of earlier calls last ended with exit code 0, in seconds since 1970, by the dataset, from the
// text of the last one. A text that is not one of Text is an error, and what can be read of it is returned all the same.
func Successes(text []byte) (map[string]float64, error) {
	found := map[string]float64{}
	lines := strings.Split(string(text), "\n")
	whole, rest := lines[:len(lines)-1], lines[len(lines)-1]
	var err error
	if !strings.HasPrefix(lines[0], "# HELP mailerlake_") || rest != "" { // its end is missing
		err = errNotOurs
	}
	for _, line := range whole {
		of, ok := strings.CutPrefix(line, successName+"{")
		if !ok {
			continue
		}
		labels, value, ok := parse(of)
		at, bad := strconv.ParseFloat(value, 64)
		if !ok || bad != nil || !(at > 0) || math.IsInf(at, 0) {
			err = errNotOurs
			continue
		}
		found[labels["dataset"]] = at
	}
	return found, err
}

// parse reads the labels of a sample, and its value.
func parse(text string) (labels map[string]string, value string, ok bool) {
	labels = map[string]string{}
	for {
		name, rest, ok := strings.Cut(text, `="`)
		end := closing(rest)
		if !ok || end < 0 {
			return nil, "", false
		}
		labels[name], text = unescaped.Replace(rest[:end]), rest[end+1:]
		if value, ok := strings.CutPrefix(text, "} "); ok {
			return labels, value, true
		}
		if text, ok = strings.CutPrefix(text, ","); !ok {
			return nil, "", false
		}
	}
}

// closing returns where the value of a label ends: at the first quotation mark that is not escaped.
func closing(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescaped reads the value of a label.
var unescaped = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
