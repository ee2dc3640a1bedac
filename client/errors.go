package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// The meanings of an error, for errors.Is.
var (
	// ErrUnauthorized: the key is not accepted (401).
	ErrUnauthorized = errors.New("key not accepted")
	// ErrForbidden: the key may not do this (403).
	ErrForbidden = errors.New("not allowed")
	// ErrNotFound: no such route or record (404).
	ErrNotFound = errors.New("not found")
	// ErrLimitRefused: the page size is not accepted.
	ErrLimitRefused = errors.New("page size refused")
	// ErrRedirect: the server redirects to another address, where the key is not sent.
	ErrRedirect = errors.New("redirect refused")
	// ErrTimeout: an attempt took longer than Options.Timeout.
	ErrTimeout = errors.New("no complete answer in time")
	// ErrAccountChanged: answers came from two accounts.
	ErrAccountChanged = errors.New("answers came from two different accounts; check that the key was not replaced during the run")
)

// Error is an error response: the server understood the request and refused it,
// or could not handle it. It matches ErrUnauthorized, ErrForbidden, ErrNotFound,
// ErrLimitRefused and ErrRedirect by errors.Is.
type Error struct {
	// Method and Path are those of the request, without its parameters.
	Method, Path string
	// Status is the HTTP status code.
	Status int
	// Message is the server's message on one line, shortened; "" if the response
	// is not JSON.
	Message string
	// Hint says what to do next, "" if nothing is known to help.
	Hint string
	// RequestID is Cloudflare's id of the response (CF-RAY), for MailerLite's support.
	RequestID string

	limit bool // the server objects to the page size
	json  bool // the API itself answered, not a proxy on the way
}

// Error states request, status, message and hint on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d", strings.ToLower(e.Method), e.Path, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	for _, part := range []string{e.Message, e.Hint} {
		if part != "" {
			b.WriteString("; " + strings.TrimRight(part, "."))
		}
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Is makes the sentinels of this package match.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrNotFound:
		return e.Status == http.StatusNotFound && !e.limit
	case ErrLimitRefused:
		return e.limit
	case ErrRedirect:
		return e.Status/100 == 3
	}
	return false
}

// RouteMissing reports whether the server does not know the path at all, as
// opposed to a record that does not exist.
func (e *Error) RouteMissing() bool {
	return e.Status == http.StatusNotFound && routeMissing(e.Message)
}

func routeMissing(message string) bool {
	m := strings.ToLower(message)
	return strings.HasPrefix(m, "the route ") && strings.Contains(m, "could not be found")
}

const serverFault = "the fault is on MailerLite's side; try again later"

// hints says what a user can do about a status.
var hints = map[int]string{
	http.StatusUnauthorized: "check MAILERLITE_API_KEY: the key may be mistyped or deleted, or its user removed",
	http.StatusForbidden: "check that the key's user may read this, that the account's plan includes it, " +
		"and that the key's IP allow-list includes this machine",
	http.StatusNotFound:         "check the API address; the account may not offer this",
	http.StatusMethodNotAllowed: "check the API address",
	http.StatusRequestTimeout:   serverFault,
}

func hint(status int) string {
	if status/100 == 5 {
		return serverFault
	}
	return hints[status]
}

// RateLimitError says that the server asks for a longer wait than allowed. The
// pages read before are good: a later walk can continue after them.
type RateLimitError struct {
	// Method and Path are those of the request that had to wait.
	Method, Path string
	// Status is 429, or that of another response with Retry-After.
	Status int
	// Wait is the wait that the server asks for, Waited how long this request
	// has waited at the server's request, Max what is allowed (Options.MaxWait).
	Wait, Waited, Max time.Duration
}

// Error states the waits and what to do.
func (e *RateLimitError) Error() string {
	return fmt.Sprintf("%s %s: rate limit: the server asks to wait %s (waited %s, allowed %s); try again later or allow a longer wait with --max-wait",
		strings.ToLower(e.Method), e.Path, e.Wait.Round(time.Second), e.Waited.Round(time.Second), e.Max)
}

// BodyError says that the server reported success but its answer is unusable.
type BodyError struct {
	// Method and Path are those of the request, without its parameters.
	Method, Path string
	// Status is the HTTP status code of the answer.
	Status int
	// Why says what is wrong. It repeats nothing of the body.
	Why string
	// TooLarge is set if the body exceeds Options.MaxBody.
	TooLarge bool
	// TooDeep is set if the body's JSON is nested too deeply to be read. The
	// request is not repeated.
	TooDeep bool
	// Err is the cause, nil if Why says it all.
	Err error
}

// Error states the request and what is wrong.
func (e *BodyError) Error() string {
	return fmt.Sprintf("%s %s: %d with an unusable body: %s", strings.ToLower(e.Method), e.Path, e.Status, e.Why)
}

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// RepeatedCursorError says that a page leads back to one already read. That page
// is not yielded, so that a later walk can read it again.
type RepeatedCursorError struct {
	// Path is the list's path.
	Path string
	// Cursor is the cursor, or the page number, that came again.
	Cursor string
	// Pages is the number of pages yielded before.
	Pages int
}

// Error names the list and the page.
func (e *RepeatedCursorError) Error() string {
	return fmt.Sprintf("read %s: page %d points back to a page already read", e.Path, e.Pages+1)
}

// EndlessListError says that a list does not come to its end.
type EndlessListError struct {
	// Path is the list's path.
	Path string
	// Pages is the number of pages yielded before.
	Pages int
	// Why says what has no end.
	Why string
}

// Error names the list and the reason.
func (e *EndlessListError) Error() string {
	return fmt.Sprintf("read %s: gave up after %d pages: %s", e.Path, e.Pages, e.Why)
}

// maxMessage bounds what is kept of a server's message, in characters.
const maxMessage = 300

// clean makes a text from the server fit for one line of a terminal. It removes
// the key and invisible characters, turns control characters and runs of spaces
// into one space, and shortens what is too long.
func (s secret) clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		}
		return -1
	}, text)
	text = strings.Join(strings.Fields(s.scrub(text)), " ")
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}
