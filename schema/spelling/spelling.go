// Package spelling finds the name that was probably meant by one that does not exist.
//
// The name you want is [DidYouMean], which words it as the end of an error.
package spelling

import "strings"

// DidYouMean returns the end of an error about a name that does not exist: the known name that was probably meant, with
// before in front of it, as a question; empty if none is near enough.
func DidYouMean(name, before string, known []string) string {
	meant := Nearest(name, known)
	if meant == "" {
		return ""
	}
	return "; did you mean " + before + meant + "?"
}

// Nearest returns the known name that is most like a mistyped one, empty if none is like it. Of several that are equally
// near, it is the first.
func Nearest(name string, known []string) (meant string) {
	typed := fold(name)
	best := slips(typed) + 1
	for _, k := range known {
		if d := distance(typed, fold(k)); d < best {
			best, meant = d, k
		}
	}
	return meant
}

// fold takes away what does not count: case, and which of - and _ joins words.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }

// slips returns how many slips of the fingers a name may have and still be recognised: one in three letters, and three
// in all.
func slips(name string) int { return min(len(name)/3, 3) }

// distance counts the slips that lead from one name to another: a letter too many, one too few, a wrong one, or two that
// changed places (the restricted Damerau-Levenshtein distance).
func distance(a, b string) int {
	var before, last []int // distances from what a begins with, two letters and one letter shorter
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			wrong := last[j]
			if a[i] != b[j] {
				wrong++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, wrong)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
