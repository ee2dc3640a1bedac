package terminal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mailerlake/export"
	"mailerlake/export/publish"
)

func TestPublished(t *testing.T) {
	tests := []struct {
		in   export.Published
		want string
	}{
		{export.Published{Report: publish.Report{Destination: "s3://b/lake", Format: "delta", Snapshot: 12, Before: 11, Unchanged: 1040, Deleted: 2, Requests: 9,
			Uploaded: publish.Amount{Objects: 3, Bytes: 3 << 20}}},
			"Published snapshot 12 over 11 to s3://b/lake (delta): 3 objects, 3.0 MiB uploaded; 1,040 unchanged, 2 deleted; 9 requests, 0 retries\n"},
		{export.Published{Report: publish.Report{Destination: "s3://b/lake", Format: "parquet", Snapshot: 1, Requests: 1, Retries: 1}},
			"Published snapshot 1 to s3://b/lake (parquet): 0 objects, 0 bytes uploaded; 0 unchanged, 0 deleted; 1 request, 1 retry\n"},
		{export.Published{Report: publish.Report{Destination: "s3://b/lake", Snapshot: 12, Before: 12, Current: true, Requests: 2}},
			"Nothing to publish: s3://b/lake is at snapshot 12; 2 requests, 0 retries\n"},
		{export.Published{Report: publish.Report{Destination: "s3://b/lake", Format: "parquet", Snapshot: 2, Before: 2,
			TookOver: &publish.Owner{Host: "\x1b[2Jevil", Path: "/srv/lake", Since: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)}}},
			"Finished what a publish of dataset /srv/lake on [2Jevil since 2024-05-01 10:00:00 UTC had left.\n" +
				"Published snapshot 2 to s3://b/lake (parquet): 0 objects, 0 bytes uploaded; 0 unchanged, 0 deleted; 0 requests, 0 retries\n"},
		{export.Published{Err: errors.New("destination s3://b/lake holds more")}, "Not published: destination s3://b/lake holds more\n"},
	}
	for _, test := range tests {
		var b strings.Builder
		if err := Published(&b, &test.in); err != nil || b.String() != test.want {
			t.Errorf("got %q, %v, want %q", b.String(), err, test.want)
		}
	}
}

func TestRestored(t *testing.T) {
	for _, tt := range []struct {
		r    export.Restored
		want string
	}{
		{export.Restored{Source: "s3://b/lake", Dataset: "lake", Account: "4711", Name: "Acme", Snapshot: 3, Tables: 4,
			Files: publish.Amount{Objects: 9, Bytes: 1 << 20}, Requests: 11, LeftOut: []string{"group", "subscriber"}},
			"Restored snapshot 3 of account 4711 (Acme) from s3://b/lake to lake: 4 tables, 9 files, 1.0 MiB; 11 requests, 0 retries\n" +
				"Left out, because they are not whole there: group, subscriber. The next mailerlake export reads them anew.\n"},
		{export.Restored{Source: "s3://b/lake", Dataset: "lake", Snapshot: 3, Current: true}, "Nothing to restore: lake is at snapshot 3 of s3://b/lake.\n"},
		{export.Restored{Source: "s3://b/lake", Dataset: "lake"}, "Nothing to restore: s3://b/lake holds no dataset yet.\n"},
	} {
		var b strings.Builder
		if err := Restored(&b, &tt.r); err != nil || b.String() != tt.want {
			t.Errorf("got %q, %v, want %q", b.String(), err, tt.want)
		}
	}
}

// TestTransferLog: off a terminal, a transfer is told every 30 seconds, and its messages at once.
func TestTransferLog(t *testing.T) {
	got := loggedBy(t, Options{Run: "publish", Dataset: "lake"}, func(p Progress) {
		step := export.Transfer{Destination: "s3://b/lake", Of: publish.Amount{Objects: 3, Bytes: 30}}
		p.Transfer(step)
		p.Transfer(export.Transfer{Destination: "s3://b/lake", Message: "waiting"})
		pass(10 * time.Second)
		step.Done = publish.Amount{Objects: 1, Bytes: 10}
		p.Transfer(step)
		pass(20 * time.Second)
	})
	want(t, got, `
level=INFO msg=started run=publish dataset=lake
level=WARN msg=waiting destination=s3://b/lake
level=INFO msg="s3://b/lake 33 % 1 of 3 objects, 10 bytes of 30 bytes 1 min 00 s left"
level=INFO msg=ended seconds=30
`)
}

func TestLiveTransfer(t *testing.T) {
	s, c, clock := liveOn(t, 80, 24, false)
	step := export.Transfer{Destination: "s3://b/\x1b[2Jlake", Of: publish.Amount{Objects: 3, Bytes: 3 << 20}}
	s.Transfer(step)
	clock.pass(10 * time.Second)
	step.Done = publish.Amount{Objects: 1, Bytes: 1 << 20}
	s.Transfer(step)
	step.Done = publish.Amount{Bytes: 1 << 10} // late
	s.Transfer(step)
	s.Event(export.Event{Phase: export.Publishing})
	s.draw()
	want(t, c.text(), `
s3://b/[2Jlake  33 %  1 of 3 objects, 1.0 MiB of 3.0 MiB  20 s left
10 s so far
publishing
`)
	s.Close()
}
