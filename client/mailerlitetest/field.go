package mailerlitetest

import (
	"strconv"
	"strings"
)

// field is a subscriber field of the account, default or custom.
type field struct {
	id        int
	name      string
	key       string
	kind      string // text, number or date
	isDefault bool
	used      bool   // used_in_automations
	slot      int    // index in subscriber.fields; not reused after a deletion
	prefix    string // `,"key":` in a row's fields
	patch     *patch
}

var fieldAttributes = declare(
	attribute[*field]{name: "id", append: func(b []byte, _ *Account, f *field, _ view) []byte {
		return append(strconv.AppendInt(append(b, '"'), int64(f.id), 10), '"')
	}},
	attribute[*field]{name: "name", append: func(b []byte, a *Account, f *field, _ view) []byte {
		return appendString(b, f.name, a.opt.PlainJSON)
	}},
	attribute[*field]{name: "key", append: func(b []byte, a *Account, f *field, _ view) []byte {
		return appendString(b, f.key, a.opt.PlainJSON)
	}},
	attribute[*field]{name: "type", append: func(b []byte, a *Account, f *field, _ view) []byte {
		return appendString(b, f.kind, a.opt.PlainJSON)
	}},
	attribute[*field]{name: "is_default", append: func(b []byte, _ *Account, f *field, _ view) []byte {
		return appendBool(b, f.isDefault)
	}},
	attribute[*field]{name: "used_in_automations", append: func(b []byte, _ *Account, f *field, _ view) []byte {
		return appendBool(b, f.used)
	}},
)

func (a *Account) findField(id string) *field {
	for _, f := range a.fields {
		if strconv.Itoa(f.id) == id {
			return f
		}
	}
	return nil
}

func (a *Account) fieldByKey(key string) *field {
	for _, f := range a.fields {
		if f.key == key {
			return f
		}
	}
	return nil
}

// addField appends a field. If key is empty, it is made from the name.
func (a *Account) addField(id int, name, key, kind string) *field {
	f := &field{id: id, name: name, kind: kind, isDefault: id < 100, used: id%5 == 3, slot: a.nextSlot}
	f.key = a.freeKey(orDefault(key, keyOf(name)))
	f.prefix = "," + string(appendString(nil, f.key, a.opt.PlainJSON)) + ":"
	a.nextSlot++
	a.fields = append(a.fields, f)
	return f
}

// keyOf makes a field's key from its name as MailerLite does: in lower case, with
// one underscore for any run of characters other than a-z and 0-9.
func keyOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return orDefault(strings.Join(words, "_"), "field")
}

func (a *Account) freeKey(key string) string {
	free := key
	for n := 2; a.fieldByKey(free) != nil; n++ {
		free = key + "_" + strconv.Itoa(n)
	}
	return free
}

func (a *Account) nextFieldID() int {
	a.lastField += 37
	return a.lastField
}
