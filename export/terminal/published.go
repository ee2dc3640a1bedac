package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// Published writes what a publish did.
func Published(w io.Writer, p *export.Published) error {
	b := &strings.Builder{}
	writeDestination(b, p, paintOf(w))
	return flush(w, b)
}

// writeDestinations writes what an export did with its destinations.
func writeDestinations(b *strings.Builder, all []export.Published, in paint) {
	for i := range all {
		writeDestination(b, &all[i], in)
	}
}

func writeDestination(b *strings.Builder, p *export.Published, in paint) {
	to := Clean(p.Destination)
	if p.Err != nil {
		fmt.Fprintf(b, "%s\n", in.failure("Not published: "+Clean(p.Err.Error())))
		return
	}
	if t := p.TookOver; t != nil {
		fmt.Fprintf(b, "Finished what a publish of dataset %s on %s since %s had left.\n", Clean(t.Path), Clean(t.Host), instant(t.Since))
	}
	asked := fmt.Sprintf("%s, %s", count(p.Requests, "request"), count(p.Retries, "retry"))
	if p.Current {
		fmt.Fprintf(b, "Nothing to publish: %s is at snapshot %s; %s\n", to, number(p.Snapshot), asked)
		return
	}
	fmt.Fprintf(b, "Published snapshot %s%s to %s (%s): %s, %s uploaded; %s unchanged, %s deleted; %s\n", number(p.Snapshot), earlier(p.Before, p.Snapshot), to,
		p.Format, count(int64(p.Uploaded.Objects), "object"), size(p.Uploaded.Bytes), number(int64(p.Unchanged)), number(int64(p.Deleted)), asked)
}

// earlier says at which snapshot a destination was.
func earlier(before, now int64) string {
	if before == 0 || before == now {
		return ""
	}
	return " over " + number(before)
}

// Restored writes what a restore did.
func Restored(w io.Writer, r *export.Restored) error {
	b := &strings.Builder{}
	switch {
	case r.Snapshot == 0:
		fmt.Fprintf(b, "Nothing to restore: %s holds no dataset yet.\n", Clean(r.Source))
		return flush(w, b)
	case r.Current:
		fmt.Fprintf(b, "Nothing to restore: %s is at snapshot %s of %s.\n", Clean(r.Dataset), number(r.Snapshot), Clean(r.Source))
		return flush(w, b)
	}
	fmt.Fprintf(b, "Restored snapshot %s of account %s%s from %s to %s: %s, %s, %s; %s, %s\n", number(r.Snapshot), Clean(r.Account), inBrackets(r.Name),
		Clean(r.Source), Clean(r.Dataset), count(int64(r.Tables), "table"), count(int64(r.Files.Objects), "file"), size(r.Files.Bytes),
		count(r.Requests, "request"), count(r.Retries, "retry"))
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(b, "Left out, because they are not whole there: %s. The next mailerlake export reads them anew.\n", Clean(strings.Join(r.LeftOut, ", ")))
	}
	return flush(w, b)
}
