package client

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// travel says how a request reaches the server.
type travel int

const (
	single  travel = iota // alone
	inSmall               // in a batch with whatever else waits
	inCut                 // in a batch with pages of lists that are cut into ranges
)

// batching is what a Client knows about the server's batches. Nothing about them is
// promised but what is recorded, so each answer is checked, and batches are given
// up for good where they are no gain or cannot be trusted.
type batching struct {
	log  *slog.Logger
	over chan struct{} // closed when batches are given up
	once sync.Once     // closes it

	// asking has room for one: of requests in doubt one is asked alone at a time,
	// since its answer may settle the others.
	asking chan struct{}

	mu      sync.Mutex
	bill    bill
	weights weights
	trusted bool            // parameters in the bodies of parts are read
	perPage map[string]int  // page size that a list uses instead of the one asked for
	known   map[string]list // by pattern
}

// list is what is known about the lists of a pattern in batches.
type list struct {
	works  bool // one was answered
	agreed int  // refusals that were confirmed alone
	alone  bool // batches do not serve it, or it never states what is to be checked
}

func newBatching(log *slog.Logger) *batching {
	return &batching{log: log, over: make(chan struct{}), asking: make(chan struct{}, 1), weights: make(weights), perPage: make(map[string]int), known: make(map[string]list)}
}

// giveUp ends the use of batches for good.
func (b *batching) giveUp(why string) {
	b.once.Do(func() {
		close(b.over)
		b.log.Debug("no more batches", "why", why)
	})
}

// off reports whether batches were given up.
func (b *batching) off() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

func (b *batching) givenUp() int64 {
	if b.off() {
		return 1
	}
	return 0
}

// queueOf returns the queue that a request waits in to be part of a batch, nil if
// it goes alone.
func (c *Client) queueOf(r request) *queue {
	var q *queue
	switch r.kind {
	case inSmall:
		q = c.small
	case inCut:
		q = c.cut
	}
	if q == nil || c.batching.off() || !c.batching.accepts(r) {
		return nil
	}
	return q
}

// accepts reports whether a request can be part of a batch. Webhooks cannot, as
// documented.
func (b *batching) accepts(r request) bool {
	if _, ok := nested(r.params); !ok || strings.HasPrefix(r.path, "/webhooks") {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.known[pattern(r.path)].alone
}

// note changes what is known about a request's pattern.
func (b *batching) note(r request, change func(*list)) {
	p := pattern(r.path)
	l, ok := b.known[p]
	if change(&l); ok || len(b.known) < maxPatterns {
		b.known[p] = l
	}
}

// served notes which requests a batch answered.
func (b *batching) served(calls []*call, parts []part) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range calls {
		if parts[i].code/100 == 2 {
			b.note(c.r, func(l *list) { l.works = true })
		}
	}
}

// errDoubt says that an answer in a batch is not the one that was asked for, or does
// not show that its parameters were read.
var errDoubt = errors.New("the answer in a batch does not show that it is the one that was asked for")

// position is where an answer lies in its list.
type position struct {
	path          string // of the list; an answer states its whole address
	page, perPage int    // 0 if not stated, or not asked for
	rows          int    // records of the answer
	none          bool   // no records were asked for
}

// met reports whether an answer lies where it was asked for, as far as it says.
func (want position) met(said position) bool {
	switch {
	case want.elsewhere(said),
		want.page > 0 && said.page != want.page,
		want.perPage > 0 && said.perPage > 0 && said.perPage != want.perPage,
		want.none && said.rows > 0:
		return false
	}
	return true
}

// elsewhere reports whether an answer says that it is of another list.
func (want position) elsewhere(said position) bool {
	return said.path != "" && !strings.HasSuffix(said.path, want.path)
}

// check notes where an answer lies. If it came in a batch and should lie elsewhere,
// the error is errDoubt. A later page, or a count alone, cannot be right by chance.
func (b *batching) check(r *response, said position) error {
	r.said = said
	switch {
	case !r.part:
	case !r.wants.met(said):
		return errDoubt
	case r.wants.page > 1, r.wants.none:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trusted = true
	}
	return nil
}

// position returns what the answer to a request should state.
func (r request) position() (want position) {
	want.path = r.path
	want.page, _ = strconv.Atoi(r.params.Get("page"))
	want.perPage, _ = strconv.Atoi(r.params.Get("limit"))
	want.none = r.params.Get("limit") == "0"
	return want
}

// wants returns what the answer to a request should state, for lists that are known to
// use another page size too.
func (b *batching) wants(r request) position {
	want := r.position()
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.perPage[sizeKey(r)]; n > 0 {
		want.perPage = n
	}
	return want
}

func sizeKey(r request) string { return pattern(r.path) + "?" + r.params.Get("limit") }

// doubts reports whether an answer to a part has to be confirmed alone: it lies
// elsewhere than was asked for, or refuses a list that batches may not serve, or
// one whose parameters may not have been read.
func (b *batching) doubts(r request, err error) bool {
	var e *Error
	switch {
	case errors.Is(err, errDoubt):
		return true
	case len(r.params) == 0 || !errors.As(err, &e) || e.Status/100 != 4 || isRetried(e.Status) || e.Status == http.StatusUnauthorized:
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.known[pattern(r.path)]
	about := e.limit || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusBadRequest
	return known.agreed < maxAgreed && (!known.works || about && !b.trusted)
}

// maxAgreed is how many refusals of a list are confirmed alone before those in
// batches count.
const maxAgreed = 3

// judge compares a doubted part, which may have been refused, with the answer to
// the same request alone.
func (b *batching) judge(r request, refused bool, said position, err error) {
	var e *Error
	want := r.position()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil && refused:
		b.note(r, func(l *list) { l.alone = true })
	case err == nil && want.met(said):
		b.giveUp("their parts are not answered as they are asked")
	case err == nil && want.elsewhere(said): // it is never what was asked for
		b.note(r, func(l *list) { l.alone = true })
	case err == nil && (want.page == 0 || said.page == want.page) && said.perPage > 0 && len(b.perPage) < maxPatterns:
		b.perPage[sizeKey(r)] = said.perPage // the server's choice, in a batch or not
	case err == nil:
		b.note(r, func(l *list) { l.alone = true })
	case errors.As(err, &e) && e.Status/100 == 4:
		b.note(r, func(l *list) { l.agreed++ })
	}
}

// charge notes what a batch cost. Batches whose parts are counted are no gain.
func (b *batching) charge(parts int, spent cost) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bill.note(parts, spent) {
		b.giveUp("the server counts their parts")
	}
}

// cheap reports whether the last batches cost less than their parts alone.
func (b *batching) cheap() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bill.cheap
}

func (b *batching) learn(r request, bytes int) {
	if r.method != http.MethodGet {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.weights.learn(r, bytes)
}

// weigh returns the bytes that the answer to a request is expected to have.
func (b *batching) weigh(r request) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.weights.of(r)
}

// expect returns the bytes that the answer to a batch is expected to have, 0 if not
// enough is known about its lists.
func (b *batching) expect(requests []request) (bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range requests {
		if b.weights[pattern(r.path)].n == 0 {
			return 0
		}
		bytes += b.weights.of(r)
	}
	return bytes
}
