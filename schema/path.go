package schema

import "strings"

// appendName appends a member name to a path. Dots separate names; a dot or backslash inside a name, and a brace at its
// beginning, is escaped with a backslash, and an empty name is written `\e`, so that different names never give the same
// path, nor one that stands for a part of the request.
func appendName(path []byte, name []byte) []byte {
	if len(path) > 0 {
		path = append(path, '.')
	}
	if len(name) == 0 {
		return append(path, '\\', 'e')
	}
	for i, c := range name {
		if c == '.' || c == '\\' || c == '{' && i == 0 {
			path = append(path, '\\')
		}
		path = append(path, c)
	}
	return path
}

// JoinPath returns the path of a member of the object at a path, which is empty for a record.
func JoinPath(path, name string) string {
	return string(appendName([]byte(path), []byte(name)))
}

// splitPath returns the member names of a path.
func splitPath(path string) []string {
	var names []string
	var name strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '.':
			names = append(names, name.String())
			name.Reset()
		case c == '\\' && i+1 < len(path):
			i++
			if path[i] != 'e' {
				name.WriteByte(path[i])
			}
		default:
			name.WriteByte(c)
		}
	}
	return append(names, name.String())
}

// splitBelow returns the member names of a path below another one, all of them if that is empty.
func splitBelow(above, path string) []string {
	if above != "" {
		path = strings.TrimPrefix(path, above+".")
	}
	return splitPath(path)
}
