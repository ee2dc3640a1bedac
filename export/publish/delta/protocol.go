package delta

import (
	"fmt"
	"slices"
)

// The versions of the protocol that our tables need.
const (
	readerVersion = 1
	writerVersion = 7
)

// legacy are the features that each version of the protocol for writers brought before features were listed.
var legacy = map[int32][]string{2: {"appendOnly", "invariants"}, 3: {"checkConstraints"}, 4: {changeDataFeed, "generatedColumns"},
	6: {"identityColumns"}}

// harmless are the features of writers that ask for nothing as long as a table's metadata does not use them, and ours does
// not; or that we know.
var harmless = []string{"appendOnly", "invariants", "checkConstraints", "generatedColumns", "allowColumnDefaults", "identityColumns",
	changeDataFeed, commitTimestamp}

// featuresOf returns the features that a protocol asks of writers, sorted.
func featuresOf(p *protocol) []string {
	features := slices.Clone(p.WriterFeatures)
	if p.Writer < writerVersion {
		features = nil
		for version, brought := range legacy {
			if version <= p.Writer {
				features = append(features, brought...)
			}
		}
	}
	slices.Sort(features)
	return slices.Compact(features)
}

// needed returns the features that a table gets: those it has, which can never be taken back, and those we need.
func needed(has []string, feed bool) []string {
	features := append(slices.Clone(has), commitTimestamp)
	if feed {
		features = append(features, changeDataFeed)
	}
	slices.Sort(features)
	return slices.Compact(features)
}

// UnsupportedError says that another program has turned on features of a Delta table that this program cannot write.
// Nothing was changed.
type UnsupportedError struct {
	Table  string
	Reason string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("Delta table %s cannot be adopted: %s; publish to another place, or remove the table's directory there and run mailerlake publish --adopt", e.Table, e.Reason)
}

// supported reports whether this program can write to a table that another one wrote to.
func (s *state) supported() error {
	if s.reader > readerVersion {
		return &UnsupportedError{s.Name, fmt.Sprintf("it asks readers for version %d of the protocol", s.reader)}
	}
	for _, feature := range s.Features {
		if !slices.Contains(harmless, feature) {
			return &UnsupportedError{s.Name, fmt.Sprintf("it has the feature %q", feature)}
		}
	}
	return nil
}
