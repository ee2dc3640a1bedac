package lake

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// copyOf returns a copy of a dataset in another place, as an operator might make one.
func copyOf(t *testing.T, data *dataset) *dataset {
	t.Helper()
	c := &dataset{filepath.Join(t.TempDir(), "copy")}
	must(t, copyDir(c.dir, data.dir))
	return c
}

// TestTwoPublishers has two copies of a dataset published at once, of the same day and of different days: each is published or
// refused, and the destination is one of them, whole.
func TestTwoPublishers(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		t.Parallel() // it waits
		for _, otherDay := range []int{1, 2} {
			d := d.another(t)
			one := newDataset(t, 0)
			d.publish(t, one)
			one.become(t, 1)
			other := copyOf(t, one)
			other.become(t, otherDay)
			d.Arm(proxy.Fault{Kind: proxy.Slow(300 * time.Millisecond), At: 3 + otherDay, On: true}) // so that they overlap
			first, second := program.Start(t, d.impatient(one)), program.Start(t, d.impatient(other))
			results := []*program.Result{first.Wait(t), second.Wait(t)}
			d.checkWhole(t)
			d.checkOneIs(t, results, one, other)
			d.publish(t, other)
		}
	})
}

// impatient is a publish that takes a silent publisher for dead sooner than it would by default.
func (d *destination) impatient(data *dataset) program.Command {
	c := d.publishing(data)
	c.Args = append(c.Args, "--lease", "10s")
	return c
}

// checkOneIs checks that one publish succeeded at least, that the other was refused clearly if it did not, and that the
// destination equals the dataset of the last one that did.
func (d *destination) checkOneIs(t *testing.T, results []*program.Result, data ...*dataset) {
	t.Helper()
	var equal []string
	objects := d.All(t)
	for i, r := range results {
		if r.Code != 0 && !refused(r) {
			t.Errorf("neither published nor refused: %v", r)
		}
		if r.Code == 0 && d.holds(t, objects, data[i]) {
			equal = append(equal, data[i].dir)
		}
	}
	if len(equal) == 0 {
		t.Errorf("the destination is neither of the datasets:\n%v\n%v", results[0], results[1])
	}
}

// holds reports whether objects are those of a dataset's snapshot, by its manifest.
func (d *destination) holds(t *testing.T, objects map[string][]byte, data *dataset) bool {
	t.Helper()
	there, local := manifestOf(t, objects), manifestOf(t, filesOf(t, data.dir))
	return there != nil && there.Snapshot == local.Snapshot && slices.EqualFunc(there.Tables, local.Tables, func(a, b tableState) bool {
		return a.Name == b.Name && slices.Equal(a.Parts, b.Parts)
	})
}

// refused reports whether a publish ended with a refusal that names the destination and says what to do. Before that it may have
// warned of a server that does not answer, or of another publisher.
func refused(r *program.Result) bool {
	said := strings.Split(strings.TrimSpace(r.Stderr), "\n")
	for _, line := range said[:len(said)-1] {
		if !strings.Contains(line, " level=WARN ") {
			return false
		}
	}
	return r.Code != 0 && r.Code != 4 && strings.HasPrefix(said[len(said)-1], "mailerlake: ")
}

// TestRefusals publishes what a destination must not take: another account, and an earlier day. It stays as it was.
func TestRefusals(t *testing.T) {
	foreign := foreignDataset(t)
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 2)
		d.publish(t, data)
		before := d.All(t)
		earlier := newDataset(t, 1)
		for what, other := range map[string]*dataset{"another account": foreign, "an earlier day": earlier} {
			r := program.Run(t, d.publishing(other))
			if !refused(r) {
				t.Errorf("%s: not refused: %v", what, r)
			}
			if differences := compare(before, d.All(t)); len(differences) > 0 {
				t.Errorf("%s: refused, but %s", what, strings.Join(differences, "; "))
			}
			t.Logf("%s: %s", what, strings.TrimSpace(r.Stderr))
		}
		d.publish(t, data)
	})
}

// foreignDataset returns the dataset of another account.
func foreignDataset(t *testing.T) *dataset {
	t.Helper()
	o := mailerlitetest.Demo(0)
	o.AccountID, o.AccountName, o.Subscribers = "99999", "Somebody else", 100
	_, export := serve(t, o)
	d := &dataset{filepath.Join(t.TempDir(), "foreign")}
	export(d)
	return d
}

// TestDeadPublisher has a publisher die whose dataset is gone with it. Another copy of the dataset takes over once it was
// silent for its lease.
func TestDeadPublisher(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		t.Parallel() // it waits
		data := newDataset(t, 0)
		d.publish(t, data)
		data.become(t, 1)
		survivor := copyOf(t, data)
		d.die(t, d.impatient(data), 6)
		d.Arm(proxy.Fault{})
		program.Must(t, d.impatient(survivor))
		d.checkEqual(t, survivor)
	})
}

// die runs a command that is killed at one of its requests.
func (d *destination) die(t *testing.T, c program.Command, at int) {
	t.Helper()
	started := make(chan *program.Process, 1)
	d.Arm(proxy.Fault{At: at, Kind: proxy.KillAfter(func() {
		p := <-started
		p.Kill()
		started <- p
	})})
	p := program.Start(t, c)
	started <- p
	if r := p.Wait(t); r.Code != -1 {
		t.Fatalf("it was not killed: %v", r)
	}
}
