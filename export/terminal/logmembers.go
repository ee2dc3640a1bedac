package terminal

import (
	"math"
	"time"

	"mailerlake/export/progress"
)

// tableMembers are what the JSON log says of a table. What is not known is left out.
type tableMembers struct {
	Table         string   `json:"table"`
	Rows          int64    `json:"rows"`
	Total         int64    `json:"total,omitempty"`
	Estimated     bool     `json:"total_estimated,omitempty"`
	Lists         int64    `json:"lists,omitempty"`
	ListsRead     int64    `json:"lists_read,omitempty"`
	Share         *float64 `json:"share,omitempty"`
	RowsPerSecond float64  `json:"rows_per_second,omitempty"`
	ETA           *float64 `json:"eta_seconds,omitempty"`
}

// transferMembers are what the JSON log says of a destination.
type transferMembers struct {
	Destination  string   `json:"destination"`
	Objects      int      `json:"objects"`
	TotalObjects int      `json:"total_objects"`
	Bytes        int64    `json:"bytes"`
	TotalBytes   int64    `json:"total_bytes"`
	Share        *float64 `json:"share"`
	ETA          *float64 `json:"eta_seconds,omitempty"`
}

// members are those of a line that tells how far a run is. Of the tables it has those that are being read, and those that were
// since the line before.
func (s *logProgress) members(state progress.State) []any {
	args := []any{"phase", string(state.Phase)}
	add := func(name string, value *float64) {
		if value != nil {
			args = append(args, name, *value)
		}
	}
	if reading(state) {
		add("share", shareMember(state.Share))
		add("eta_seconds", etaMember(state.Left))
	} else if state.Steps > 0 {
		args = append(args, "table", Clean(state.Table), "step", state.Step, "steps", state.Steps)
	}
	args = append(args, "requests", state.Requests)
	if state.Expected > 0 {
		args = append(args, "requests_expected", state.Expected)
	}
	args = append(args, "requests_last_minute", state.Usage.Requests)
	if state.Usage.PerMinute > 0 {
		args = append(args, "requests_per_minute", state.Usage.PerMinute)
	}
	if w := state.Wait; w != nil {
		args = append(args, "waiting_for", string(w.Reason), "waiting_seconds", seconds(w.Left))
	}
	args = append(args, "tables_read", state.Read(), "tables_total", len(state.Tables), "tables", s.tables(state))
	if len(state.Transfers) > 0 {
		args = append(args, "transfers", transfers(state))
	}
	return args
}

func (s *logProgress) tables(state progress.State) []tableMembers {
	s.mu.Lock()
	defer s.mu.Unlock()
	tables := []tableMembers{}
	for _, t := range state.Tables {
		read := t.Stage == progress.Read
		if t.Stage == progress.Waiting || read && s.read[t.Name] {
			continue
		}
		s.read[t.Name] = read
		tables = append(tables, tableMembers{Clean(t.Name), t.Rows, t.Of, t.Rough, t.Lists, t.ListsRead, shareMember(t.Share),
			math.Round(t.RowsPerSecond*10) / 10, etaMember(t.Left)})
	}
	return tables
}

func transfers(state progress.State) (all []transferMembers) {
	for _, t := range state.Transfers {
		all = append(all, transferMembers{Clean(t.Destination), t.Done.Objects, t.Of.Objects, t.Done.Bytes, t.Of.Bytes, shareMember(t.Share), etaMember(t.Left)})
	}
	return all
}

// shareMember returns a share to three places, nil if it is not known.
func shareMember(share float64) *float64 {
	if share < 0 {
		return nil
	}
	share = math.Floor(share*1000+1e-9) / 1000
	return &share
}

// etaMember returns a time left in whole seconds, nil if it is not known.
func etaMember(left time.Duration) *float64 {
	if left <= 0 {
		return nil
	}
	s := math.Ceil(left.Seconds())
	return &s
}
