package schema

import (
	"net/url"
	"strings"
)

// declared makes a column out of the API path that it is read from.
func declared(path string, k Kind) Column {
	return Column{Name: strings.ReplaceAll(path, ".", "_"), Kind: k, Path: path}
}

func columns(k Kind, paths ...string) []Column {
	list := make([]Column, len(paths))
	for i, path := range paths {
		list[i] = declared(path, k)
	}
	return list
}

func texts(paths ...string) []Column  { return columns(String, paths...) }
func counts(paths ...string) []Column { return columns(Int64, paths...) }
func flags(paths ...string) []Column  { return columns(Bool, paths...) }
func times(paths ...string) []Column  { return columns(Timestamp, paths...) }

// documents are arrays, and objects whose members are not known, kept as JSON text.
func documents(paths ...string) []Column {
	list := columns(String, paths...)
	for i := range list {
		list[i].JSON = true
	}
	return list
}

// rates come as an object of a number and its text.
func rates(paths ...string) []Column {
	var list []Column
	for _, path := range paths {
		list = append(list, declared(path+".float", Double), declared(path+".string", String))
	}
	return list
}

func key(path string) []Column {
	c := declared(path, String)
	c.Required = true
	return []Column{c}
}

var subscriberStatuses = []string{"active", "unsubscribed", "unconfirmed", "bounced", "junk"}

// eachStatus makes one set of parameters a status.
func eachStatus(statuses ...string) []url.Values {
	list := make([]url.Values, len(statuses))
	for i, status := range statuses {
		list[i] = url.Values{"filter[status]": {status}}
	}
	return list
}
