package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Account is the account that a key belongs to.
type Account struct {
	// ID is the account's id, "" if the server does not state it.
	ID string
	// Name is the account's name, "" if the server does not state it.
	Name string
}

// Account asks which account the key belongs to. If the server has no such
// route, the id comes from the headers of its answers. It is the first request
// of a run: if what answers is not the MailerLite API, the error is an
// *AddressError, at once.
func (c *Client) Account(ctx context.Context) (Account, error) {
	var a Account
	err := c.do(ctx, request{method: http.MethodGet, path: "/account"}, func(r *response) error {
		var err error
		a, err = parseAccount(r.body)
		return c.suspectBody(r, a, err)
	})
	wrong := c.suspectRefusal(err)
	if wrong != err || err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, fmt.Errorf("read account: %w", wrong)
	}
	if id := c.account.Load(); a.ID == "" && id != nil {
		a.ID = *id
	}
	return a, nil
}

// AddressError says that what answers at the address in Options.URL is not the
// MailerLite API.
type AddressError struct {
	// Host is what was asked, Answer what it answered.
	Host, Answer string
	// Err is the error response, nil if it was none.
	Err error
}

// Unwrap returns the error response.
func (e *AddressError) Unwrap() error { return e.Err }

// Error states the answer, and what an address looks like.
func (e *AddressError) Error() string {
	return fmt.Sprintf("this is not the MailerLite API: %s answers get /account with %s; expected an address such as %s", e.Host, e.Answer, DefaultURL)
}

// suspect returns an AddressError, or err if the address is the one where
// MailerLite answers: what is wrong there may pass.
func (c *Client) suspect(answer string, err error) error {
	at, failed := url.Parse(c.url)
	if c.url == DefaultURL || failed != nil {
		return err
	}
	e := &AddressError{Host: at.Host, Answer: answer}
	if _, refused := errors.AsType[*Error](err); refused { // what is wrong with a body would ask for a retry
		e.Err = err
	}
	return e
}

// suspectBody judges a success, which was read as a and err. A body that was cut
// short tells nothing.
func (c *Client) suspectBody(r *response, a Account, err error) error {
	switch {
	case c.account.Load() != nil || a.ID != "":
		return err
	case bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<")):
		return c.suspect("a web page", err)
	case jsontext.Value(r.body).IsValid():
		return c.suspect("JSON that is not an account", err)
	}
	return err
}

// suspectRefusal judges the error of the request. An error that is worth a retry
// may come from a proxy, and so may the refusal of a key.
func (c *Client) suspectRefusal(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	status := strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
	known := c.account.Load() != nil || e.json && strings.Contains(e.Message, "api/account")
	passing := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired}
	switch {
	case e.Status/100 == 3:
		return c.suspect(status+"; "+e.Hint, err)
	case e.Status/100 != 4 || isRetried(e.Status) || known || slices.Contains(passing, e.Status):
		return err
	case !e.json:
		return c.suspect(status+" and no JSON", err)
	}
	return c.suspect(status, err)
}
