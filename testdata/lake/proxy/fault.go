package proxy

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Fault is what goes wrong, and when.
type Fault struct {
	Kind Kind
	At   int  // number of the request, from 1
	On   bool // and all requests after it
}

func (f Fault) hits(number int) bool {
	return f.Kind != nil && (number == f.At || f.On && number > f.At)
}

// Kind is a way in which a request goes wrong.
type Kind func(*exchange)

// Status has the proxy answer with a status instead of the server, which never sees the request.
func Status(status int) Kind {
	return func(x *exchange) {
		x.note(status)
		x.w.Header().Set("Content-Type", "application/xml")
		x.w.WriteHeader(status)
		if x.r.Method != http.MethodHead {
			fmt.Fprintf(x.w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>made up</Message></Error>`, codes[status])
		}
	}
}

// codes are the names that S3 gives to the statuses.
var codes = map[int]string{412: "PreconditionFailed", 429: "TooManyRequests", 500: "InternalError", 503: "SlowDown"}

// Refused breaks the connection before the server sees the request.
func Refused(x *exchange) { reset(x.w) }

// Lost has the server handle the request, and breaks the connection in place of the answer.
func Lost(x *exchange) {
	x.forward()
	reset(x.w)
}

// LostAs has the server handle the request, and answers with a status that says otherwise.
func LostAs(status int) Kind {
	return func(x *exchange) {
		x.forward()
		Status(status)(x)
	}
}

// Truncated breaks the connection in the middle of the answer, or in place of it if it has no body.
func Truncated(x *exchange) {
	x.forward()
	if x.response == nil || len(x.content) == 0 {
		reset(x.w)
		return
	}
	x.w.Header().Set("Content-Length", fmt.Sprint(len(x.content)))
	x.header()
	_, _ = x.w.Write(x.content[:len(x.content)/2])
	_ = http.NewResponseController(x.w).Flush()
	reset(x.w)
}

// Slow holds a request for a time, or until the client gives up; then the server handles it.
func Slow(d time.Duration) Kind {
	return func(x *exchange) {
		select {
		case <-x.r.Context().Done():
			reset(x.w)
		case <-time.After(d):
			x.forward()
			x.answer()
		}
	}
}

// KillBefore ends the client before the server sees the request.
func KillBefore(kill func()) Kind {
	return func(x *exchange) {
		kill()
		reset(x.w)
	}
}

// KillAfter ends the client when the server has handled the request.
func KillAfter(kill func()) Kind {
	return func(x *exchange) {
		x.forward()
		kill()
		reset(x.w)
	}
}

// After calls a function when the server has handled the request, before the answer goes to the client.
func After(do func()) Kind {
	return func(x *exchange) {
		x.forward()
		do()
		x.answer()
	}
}

// Late ends the client, as a network does that holds the request for long: the server handles it when DeliverLate is called.
func Late(kill func()) Kind {
	return func(x *exchange) {
		late := &exchange{p: x.p, r: x.r.Clone(context.Background()), body: x.body, number: x.number}
		x.p.mu.Lock()
		x.p.late = append(x.p.late, late.forward)
		x.p.mu.Unlock()
		kill()
		reset(x.w)
	}
}
