package terminal

import (
	"slices"
	"strings"
)

// verb returns the form of a verb that goes with n things.
func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// align pads the cells of each column to one width. The columns numbered in right are aligned to the right. No line
// ends in spaces.
func align(rows [][]string, right ...int) []string {
	widths := columnWidths(rows)
	lines := make([]string, len(rows))
	for r, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(pad(cell, widths[i], slices.Contains(right, i)) + "  ")
		}
		lines[r] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// fitting leaves out the last columns of rows as far as they do not fit into a width; 0 is any width.
func fitting(rows [][]string, width int) [][]string {
	if width == 0 {
		return rows
	}
	const gap, least = 2, 2
	fit, taken := 0, -gap
	for _, w := range columnWidths(rows) {
		if taken += gap + w; fit >= least && taken > width {
			break
		}
		fit++
	}
	var short [][]string
	for _, row := range rows {
		short = append(short, row[:min(fit, len(row))])
	}
	return short
}

func columnWidths(rows [][]string) (widths []int) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	return widths
}

// commandLine writes a command of the program so that it can be given to a shell.
func commandLine(args []string) string {
	line := "mailerlake"
	for _, arg := range args {
		line += " " + argument(arg)
	}
	return line
}

// argument writes a value so that a shell takes it as one word.
func argument(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(Clean(s), "'", `'\''`) + "'"
}
