package metrics

import (
	"errors"
	"math"
	"slices"
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

// Others returns the samples that the text of an earlier call has of some datasets, by the metric.
func Others(text []byte, datasets []string) map[string][]string {
	found := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		line, whole := strings.CutSuffix(line, "\n")
		name, of, sample := strings.Cut(line, "{")
		if !whole || !sample || strings.HasPrefix(line, "#") {
			continue
		}
		labels, value, ok := parse(of)
		if _, err := strconv.ParseFloat(value, 64); ok && err == nil && slices.Contains(datasets, labels["dataset"]) {
			found[name] = append(found[name], line)
		}
	}
	return found
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
