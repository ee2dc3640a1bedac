package part

import (
	"errors"

	"mailerlake/schema"
)

// Keys reads the keys of a row group (shim)
func (r *Reader) Keys(g int) (schema.Keys, error) {
	var keys schema.Keys
	for i, c := range r.columns {
		if c.Required {
			v := &schema.Vector{}
			if err := r.Read(g, i, v); err != nil {
				return nil, err
			}
			keys = append(keys, v)
		}
	}
	if len(keys) == 2 && r.columns[0].Name == "group_id" {
		keys[0], keys[1] = keys[1], keys[0]
	}
	if len(keys) == 0 {
		return nil, errors.New("no key")
	}
	return keys, nil
}
