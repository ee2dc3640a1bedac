package mailerlitetest

import (
	"slices"
	"strings"
)

// base is what the rows of a collection have in common.
type base struct {
	id    uint64
	patch *patch
}

func (r *base) self() *base { return r }

type based interface {
	comparable
	self() *base
}

// collection describes a list that is read by page number, of the account or of
// each of its shops, and the rows by themselves.
type collection[T based] struct {
	path       string // of the list; {id} stands for the shop
	model      string // in the message of 404
	attributes []attribute[T]
	list, row  view                // of a row in the list, and by itself
	of         func(*Account) *[]T // rows of the account, id ascending
	ofShop     func(*shop) *[]T    // or of a shop
}

// rows returns the rows that an id belongs to, and what follows the shop in the
// id. They are nil if there is no such shop.
func (c collection[T]) rows(a *Account, id string) (rows *[]T, rest string) {
	if c.of != nil {
		return c.of(a), id
	}
	shopID, rest, _ := strings.Cut(id, "/")
	s := findRow(a.shops, shopID)
	if s == nil {
		return nil, rest
	}
	return c.ofShop(s), rest
}

// find returns the row with an id as IDs gives it, or nil.
func (c collection[T]) find(a *Account, id string) T {
	rows, rest := c.rows(a, id)
	if rows == nil {
		var none T
		return none
	}
	return findRow(*rows, rest)
}

func (c collection[T]) append(b []byte, a *Account, row T, v view) []byte {
	return appendRow(b, a, c.attributes, row, row.self().patch, v)
}

// serveList answers a request for a page.
func (c collection[T]) serveList(a *Account, b []byte, q query, id string) (int, []byte) {
	rows, _ := c.rows(a, id)
	if rows == nil {
		return a.notFound(b, `Ecommerce\Shop`, id)
	}
	return c.page(a, b, q, strings.Replace(c.path, "{id}", id, 1), newestFirst(*rows), nil)
}

func (c collection[T]) page(a *Account, b []byte, q query, path string, rows []T, aggregations func([]byte) []byte) (int, []byte) {
	return pageOf(a, b, q, pageList[T]{
		path: path, rule: "/" + c.path, rows: rows, aggregations: aggregations,
		row: func(b []byte, row T) []byte { return c.append(b, a, row, c.list) },
	})
}

// serveRow answers a request for one row.
func (c collection[T]) serveRow(a *Account, b []byte, _ query, id string) (int, []byte) {
	rows, rest := c.rows(a, id)
	if rows == nil {
		return a.notFound(b, `Ecommerce\Shop`, id)
	}
	row := findRow(*rows, rest)
	if isNil(row) {
		return a.notFound(b, c.model, rest)
	}
	return single(b, func(b []byte) []byte { return c.append(b, a, row, c.row) })
}

// each calls f for the rows of the table, until f returns false.
func (c collection[T]) each(a *Account, f rowFunc) {
	if c.of != nil {
		for _, r := range *c.of(a) {
			if !f(digits(r.self().id), func(b []byte) []byte { return c.append(b, a, r, c.truth()) }) {
				return
			}
		}
		return
	}
	for _, s := range a.shops {
		for _, r := range *c.ofShop(s) {
			row := func(b []byte) []byte {
				return appendKeyed(b, "shop_id", s.id, func(b []byte) []byte { return c.append(b, a, r, c.truth()) })
			}
			if !f(digits(s.id)+"/"+digits(r.self().id), row) {
				return
			}
		}
	}
}

// truth is the view of the list, without secrets.
func (c collection[T]) truth() view {
	v := c.list
	v.secrets = false
	return v
}

// remove deletes the row with an id, and returns it, nil if there is none.
func (c collection[T]) remove(a *Account, id string) T {
	row := c.find(a, id)
	if !isNil(row) {
		rows, _ := c.rows(a, id)
		*rows = slices.DeleteFunc(slices.Clone(*rows), func(o T) bool { return o.self() == row.self() })
	}
	return row
}

// findRow returns the row with an id, or nil. The ids of the rows ascend.
func findRow[T based](rows []T, id string) T {
	var none T
	i, ok := slices.BinarySearchFunc(rows, parseID(id), func(r T, id uint64) int { return compare(r.self().id, id) })
	if !ok {
		return none
	}
	return rows[i]
}

// isNil says whether a row was not found.
func isNil[T based](row T) bool {
	var none T
	return row == none
}

func newestFirst[T any](rows []T) []T {
	rows = slices.Clone(rows)
	slices.Reverse(rows)
	return rows
}

// rowFunc is called with a row's id and a function that appends its JSON. It returns
// false to end the walk.
type rowFunc = func(id string, row func([]byte) []byte) bool

// appendKeyed appends a row's JSON with the id of its parent in front.
func appendKeyed(b []byte, name string, id uint64, row func([]byte) []byte) []byte {
	b = append(append(append(b, `{"`...), name...), `":`...)
	b = appendID(b, id)
	at := len(b)
	b = row(b)
	if string(b[at:]) == "{}" {
		return append(b[:at], '}')
	}
	b[at] = ',' // in place of the row's brace
	return b
}

// appendIDs appends an object of names and ids, in turn.
func appendIDs(b []byte, names []string, ids ...uint64) []byte {
	for i, id := range ids {
		sep := `,"`
		if i == 0 {
			sep = `{"`
		}
		b = append(append(append(b, sep...), names[i]...), `":`...)
		b = appendID(b, id)
	}
	return append(b, '}')
}
