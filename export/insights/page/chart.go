package page

import (
	"math"
	"strings"
)

// The size of a chart in its own units; it is scaled to the page.
const (
	chartWidth  = 760.0
	chartLeft   = 58.0 // for the numbers of the axis
	chartRight  = 8.0
	panelTop    = 22.0
	panelHeight = 180.0
	labelHeight = 26.0
)

// chart has panels one above the other that share their horizontal axis.
type chart struct {
	title  string // for those who cannot see it
	labels []string
	every  int // how many steps share a label
	panels []panel
}

// panel draws series over the steps of a chart.
type panel struct {
	height float64
	stacks []series // bars on each other; negative values hang below the axis
	lines  []series // NaN where there is none
	unit   func(float64) string
	least  float64               // the smallest step of its axis: 1 for counts
	tip    func(step int) string // what is shown of a step that is pointed at
}

// series is a value for each step.
type series struct {
	name, color string
	values      []float64
}

// draw returns the chart with its legend.
func (c *chart) draw() *node {
	height := labelHeight
	for _, p := range c.panels {
		height += p.height + panelTop
	}
	svg := el("svg", attrs{"class", "chart", "viewBox", "0 0 " + fixed(chartWidth) + " " + fixed(height), "role", "img", "aria-label", c.title})
	top := 0.0
	for _, p := range c.panels {
		top += panelTop
		svg.add(c.panel(p, top))
		top += p.height
	}
	svg.add(c.axis(top + 18))
	return el("figure", nil, c.legend(), svg)
}

func (c *chart) legend() *node {
	legend := el("figcaption", class("legend"))
	for _, p := range c.panels {
		for _, s := range append(append([]series{}, p.stacks...), p.lines...) {
			legend.add(el("span", nil, swatch(s.color), s.name))
		}
	}
	return legend
}

func swatch(color string) *node {
	return el("svg", attrs{"class", "swatch", "viewBox", "0 0 10 10", "aria-hidden", "true"},
		el("rect", attrs{"class", color, "width", "10", "height", "10", "rx", "2"}))
}

// step is the width of a step.
func (c *chart) step() float64 {
	return (chartWidth - chartLeft - chartRight) / float64(max(1, len(c.labels)))
}

func (c *chart) x(i int) float64 { return chartLeft + (float64(i)+0.5)*c.step() }

// axis writes the labels, counted from the last step. Every other one is left out on a narrow screen.
func (c *chart) axis(y float64) *node {
	g := el("g", class("x"))
	last := len(c.labels) - 1
	for i, label := range c.labels {
		if back := last - i; back%c.every == 0 {
			a := attrs{"x", fixed(c.x(i)), "y", fixed(y), "text-anchor", "middle"}
			if back/c.every%2 == 1 {
				a = append(a, "class", "wide")
			}
			if back == 0 && c.step() < 60 {
				a[1], a[5] = fixed(chartWidth-chartRight), "end"
			}
			g.add(el("text", a, label))
		}
	}
	return g
}

func (c *chart) panel(p panel, top float64) *node {
	low, high := p.bounds()
	low, high, unit := scale(low, high, p.least)
	y := func(v float64) float64 { return top + p.height*(high-v)/(high-low) }
	g := el("g", nil)
	for v := low; v <= high+unit/2; v += unit {
		v := math.Round(v/unit) * unit
		grid := "grid"
		if v == 0 {
			grid = "zero"
		}
		g.add(el("line", attrs{"class", grid, "x1", fixed(chartLeft), "x2", fixed(chartWidth - chartRight), "y1", fixed(y(v)), "y2", fixed(y(v))}))
		g.add(el("text", attrs{"x", fixed(chartLeft - 8), "y", fixed(y(v) + 4), "text-anchor", "end"}, p.unit(v)))
	}
	for i := range c.labels {
		g.add(c.bars(p, i, y))
	}
	for _, s := range p.lines {
		g.add(c.line(s, y))
	}
	for i := range c.labels {
		if p.tip != nil {
			g.add(el("rect", attrs{"class", "tip", "x", fixed(c.x(i) - c.step()/2), "width", fixed(c.step()), "y", fixed(top), "height", fixed(p.height)},
				el("title", nil, p.tip(i))))
		}
	}
	return g
}

// bars stacks the bars of a step.
func (c *chart) bars(p panel, i int, y func(float64) float64) *node {
	if len(p.stacks) == 0 {
		return nil
	}
	g := el("g", nil)
	width := min(34, 0.7*c.step())
	up, down := 0.0, 0.0
	for _, s := range p.stacks {
		from, v := &up, s.values[i]
		if v < 0 {
			from = &down
		}
		a, b := y(*from), y(*from+v)
		*from += v
		if v != 0 {
			g.add(el("rect", attrs{"class", s.color, "x", fixed(c.x(i) - width/2), "width", fixed(width), "y", fixed(min(a, b)), "height", fixed(max(0.8, math.Abs(a-b)))}))
		}
	}
	return g
}

// line joins the values; steps without one are passed over.
func (c *chart) line(s series, y func(float64) float64) *node {
	g, path := el("g", class(s.color)), ""
	for i, v := range s.values {
		if math.IsNaN(v) {
			continue
		}
		move := "L"
		if path == "" {
			move = "M"
		}
		path += move + fixed(c.x(i)) + " " + fixed(y(v))
		g.add(el("circle", attrs{"cx", fixed(c.x(i)), "cy", fixed(y(v)), "r", "3"}))
	}
	if path != "" {
		g.add(el("path", attrs{"class", "line", "d", path}))
	}
	return g
}

// bounds returns the least and the greatest value that the panel shows; zero is between them.
func (p panel) bounds() (low, high float64) {
	for _, s := range p.lines {
		for _, v := range s.values {
			if !math.IsNaN(v) {
				high = max(high, v)
			}
		}
	}
	if len(p.stacks) == 0 {
		return low, high
	}
	for i := range p.stacks[0].values {
		up, down := 0.0, 0.0
		for _, s := range p.stacks {
			up, down = up+max(0, s.values[i]), down+min(0, s.values[i])
		}
		low, high = min(low, down), max(high, up)
	}
	return low, high
}

// scale widens a range to round numbers, with about four steps of at least a size.
func scale(low, high, least float64) (from, to, step float64) {
	if high <= low {
		high = low + 1
	}
	raw := max(least, (high-low)/4)
	size := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 2.5, 5, 10} {
		if step = factor * size; step >= raw {
			break
		}
	}
	return math.Floor(low/step) * step, math.Ceil(high/step) * step, step
}

// tipOf writes the parts of a tip.
func tipOf(head string, parts ...string) string {
	return head + ": " + strings.Join(parts, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return whole(int64(n)) + " " + many
}
