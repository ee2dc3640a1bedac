package schema

import (
	"net/url"
	"strings"
)

// The functions in this file make the columns of a declaration from API paths.

// columnAt makes a column; its name is the path with `_` for dots.
func columnAt(path string, k Kind) Column {
	return Column{Name: strings.ReplaceAll(path, ".", "_"), Kind: k, Path: path}
}

// Columns makes columns of one type.
func Columns(k Kind, paths ...string) []Column {
	list := make([]Column, len(paths))
	for i, path := range paths {
		list[i] = columnAt(path, k)
	}
	return list
}

// Texts makes text columns.
func Texts(paths ...string) []Column { return Columns(String, paths...) }

// Counts makes columns of whole numbers.
func Counts(paths ...string) []Column { return Columns(Int64, paths...) }

// Amounts makes columns of amounts of money, which the API sends as numbers or as their text.
func Amounts(paths ...string) []Column { return Columns(Double, paths...) }

// Flags makes columns of true and false.
func Flags(paths ...string) []Column { return Columns(Bool, paths...) }

// Times makes columns of instants.
func Times(paths ...string) []Column { return Columns(Timestamp, paths...) }

// Documents makes columns of arrays, and of objects whose members are not known, kept as JSON text.
func Documents(paths ...string) []Column {
	list := Columns(String, paths...)
	for i := range list {
		list[i].JSON = true
	}
	return list
}

// Rates makes two columns for each path: a rate comes as an object with a number and its text.
func Rates(paths ...string) []Column {
	var list []Column
	for _, path := range paths {
		list = append(list, columnAt(path+".float", Double), columnAt(path+".string", String))
	}
	return list
}

// KeyColumn makes a key column.
func KeyColumn(path string) []Column {
	c := columnAt(path, String)
	c.Required = true
	return []Column{c}
}

// LinkedKey makes a key column that repeats a column of the parent's key.
func LinkedKey(name string) []Column {
	return []Column{{Name: name, Kind: String, Path: "{" + name + "}", Required: true}}
}

// Linked makes a column that repeats a column of the parent's key and is not part of the key.
func Linked(name string) []Column {
	return []Column{{Name: name, Kind: String, Path: "{" + name + "}"}}
}

// Marked makes the columns that a walk may mark: true in the rows of the walk that marks them, false in all others.
func Marked(names ...string) []Column {
	list := make([]Column, len(names))
	for i, name := range names {
		list[i] = Column{Name: name, Kind: Bool, Path: "{" + name + "}"}
	}
	return list
}

// Named gives a column another name than its path has.
func Named(name string, columns []Column) []Column {
	columns[0].Name = name
	return columns
}

// In places columns inside the objects of an array: it puts the array's path before theirs and keeps their names.
func In(array string, columns ...[]Column) []Column {
	var list []Column
	for _, group := range columns {
		for _, c := range group {
			c.Path = array + "." + c.Path
			list = append(list, c)
		}
	}
	return list
}

// EachStatus makes one set of parameters per status.
func EachStatus(statuses ...string) []url.Values {
	list := make([]url.Values, len(statuses))
	for i, status := range statuses {
		list[i] = url.Values{"filter[status]": {status}}
	}
	return list
}

// Each makes a walk for each set of parameters.
func Each(params ...url.Values) []Walk {
	walks := make([]Walk, len(params))
	for i := range params {
		walks[i].Params = params[i]
	}
	return walks
}
