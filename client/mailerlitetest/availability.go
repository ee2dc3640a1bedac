package mailerlitetest

import (
	"strings"
	"time"
)

// latency returns how long a request takes before its answer begins.
func (a *Account) latency(q query) time.Duration {
	d := a.opt.Latency
	if a.opt.LatencyPerPart > 0 && q.method == "POST" && q.path == "batch" {
		parts, _, _ := parseBatch(q.body)
		d += time.Duration(len(parts)) * a.opt.LatencyPerPart
	}
	return d
}

// lacks reports whether a path, or the pattern of a route, is not in the
// account's plan.
func (o *Options) lacks(path string) bool {
	for _, prefix := range o.Unavailable {
		prefix = strings.Trim(prefix, "/")
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}
