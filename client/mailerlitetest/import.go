package mailerlitetest

// importRun is a file of subscribers that was read into the account.
type importRun struct {
	base
	total, processed  int
	imported, updated int
	errored           int
	samples           [len(importSamples)][]sample // by reason
	counts            [len(importSamples)]int
	changed, finished stamp // zero while running
}

// sample is a subscriber as an import names it. It may have been deleted since.
type sample struct {
	id    uint64
	email string
}

// importSamples are the reasons why an import names up to five subscribers.
var importSamples = [...]string{"invalid", "mistyped", "changed", "unchanged", "unsubscribed", "role_based", "suspicious_format", "duplicate"}

var imports = collection[*importRun]{
	path: "subscribers/import", model: `Import\Import`, attributes: declare(importAttributes()...),
	of: func(a *Account) *[]*importRun { return &a.imports },
}

func importAttributes() []attribute[*importRun] {
	all := []attribute[*importRun]{
		idAttribute("id", func(r *importRun) uint64 { return r.id }),
		accountIDAttribute[*importRun](),
		countAttribute("total", func(r *importRun) int { return r.total }),
		countAttribute("processed", func(r *importRun) int { return r.processed }),
		countAttribute("imported", func(r *importRun) int { return r.imported }),
		countAttribute("updated", func(r *importRun) int { return r.updated }),
		countAttribute("errored", func(r *importRun) int { return r.errored }),
		countAttribute("percent", func(r *importRun) int { return 100 * r.processed / max(1, r.total) }),
		flagAttribute("done", func(r *importRun) bool { return r.finished != 0 }),
	}
	for i, reason := range importSamples {
		all = append(all,
			attribute[*importRun]{name: reason, append: func(b []byte, a *Account, r *importRun, _ view) []byte { return a.appendSamples(b, r.samples[i]) }},
			countAttribute(reason+"_count", func(r *importRun) int { return r.counts[i] }))
	}
	return append(all,
		rawAttribute[*importRun]("banned_import_emails_count", "0"),
		isoAttribute("updated_at", func(r *importRun) stamp { return r.changed }),
		rawAttribute[*importRun]("undone_at", "null"),
		rawAttribute[*importRun]("stopped_at", "null"),
		rawAttribute[*importRun]("undo_started_at", "null"),
		isoAttribute("finished_at", func(r *importRun) stamp { return r.finished }),
	)
}

func (a *Account) appendSamples(b []byte, samples []sample) []byte {
	b = append(b, '[')
	for i, s := range samples {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendID(append(b, `{"id":`...), s.id), `,"email":`...)
		b = append(a.appendText(b, s.email), '}')
	}
	return append(b, ']')
}

// makeImports adds the imports of day 0, all of them finished.
func (g *generator) makeImports() {
	for i, n := 0, g.a.opt.Imports; i < n; i++ {
		g.startImport(g.moment(i, n)).finish(g)
	}
}

// startImport adds an import that has read a part of its file.
func (g *generator) startImport(at stamp) *importRun {
	r := &importRun{total: 1 + g.below(3000), changed: at}
	r.id = g.a.nextID(&g.a.lasts.imported, at)
	r.processed = g.below(r.total)
	r.imported = r.processed
	g.a.imports = append(g.a.imports, r)
	return r
}

// finish reads the rest of the file. What was not imported or updated was an error,
// and has its reason.
func (r *importRun) finish(g *generator) {
	r.changed = min(r.changed+stamp(5+r.total/50), g.a.clock)
	r.finished = r.changed - 3
	r.processed = r.total
	r.errored = g.below(1 + r.total/4)
	r.updated = g.below(1 + r.total - r.errored)
	r.imported = r.total - r.errored - r.updated
	reason := []int{0, 1, 4, 5, 7}[g.below(5)]
	r.name(g, reason, r.errored)
	r.name(g, 2, r.updated)
}

// name counts subscribers for a reason and names up to five.
func (r *importRun) name(g *generator, reason, count int) {
	r.counts[reason] = count
	for range min(5, count, len(g.a.subs)) {
		s := g.a.subs[g.below(len(g.a.subs))]
		r.samples[reason] = append(r.samples[reason], sample{s.id, s.email})
	}
}

// importEvents finishes the imports of the day before and starts one on two days
// of three.
func (d *day) importEvents() {
	if d.a.opt.Imports == 0 {
		return
	}
	for _, r := range d.a.imports {
		if r.finished == 0 {
			r.changed = d.someTime()
			r.finish(d.generator)
		}
	}
	if d.number%3 != 0 {
		d.startImport(d.someTime())
	}
}
