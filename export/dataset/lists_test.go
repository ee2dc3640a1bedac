package dataset_test

import (
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// TestListRead: each row's list was read when the last run that came as far as its key says, never if it could not be.
func TestListRead(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
	keys := schema.NewVector(schema.String)
	for _, id := range []string{"3", "5", "7", "10", "20"} {
		keys.AppendText([]byte(id))
	}
	var state dataset.TableState
	check := func(what string, want ...time.Time) {
		t.Helper()
		for row, want := range want {
			if got := state.ListRead(schema.Keys{keys}, row); !got.Equal(want) {
				t.Errorf("%s: list of %s read %v, want %v", what, keys.Text(row), got, want)
			}
		}
	}
	check("nothing known", time.Time{}, time.Time{})
	state.NoteLists(nil, schema.Key{"7"}, at(1))
	check("as far as 7", at(1), at(1), time.Time{}, time.Time{}, time.Time{})
	state.NoteLists(nil, schema.Key{"10"}, at(2))
	check("as far as 10", at(2), at(2), at(2), time.Time{}, time.Time{})
	state.NoteLists(nil, schema.Key{"5"}, at(3))
	check("the next time as far as 5", at(3), at(2), at(2), time.Time{}, time.Time{})
	state.NoteLists(schema.Key{"5"}, schema.Key{"10"}, at(2))
	check("from 5 to 10", at(3), at(2), at(2), time.Time{}, time.Time{})
	if len(state.Lists) != 3 {
		t.Errorf("ranges %v", state.Lists)
	}
	state.NoteLists(schema.Key{"10"}, nil, at(5))
	check("from 10 on", at(3), at(2), at(2), at(5), at(5))
	state.NoteLists(schema.Key{"10"}, nil, time.Time{})
	state.Behind = []schema.Key{{"7"}}
	check("7 failed", at(3), at(2), time.Time{}, time.Time{}, time.Time{})
	state.NoteLists(nil, nil, at(4))
	check("all", at(4), at(4), time.Time{}, at(4), at(4))
	if (*dataset.TableState)(nil).ListRead(schema.Keys{keys}, 0) != (time.Time{}) {
		t.Error("a table that is not in the dataset has lists that were read")
	}
}
