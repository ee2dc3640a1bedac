//go:build unix

package lake

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// TestPausedPublisher has a publisher stand still, as a laptop that sleeps does, at each of its requests, for longer than its
// lease. Meanwhile another publishes a later day. The first one wakes up and must not spoil that.
func TestPausedPublisher(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		t.Parallel() // it waits
		at := []int{5, 9, 14}
		if all {
			at = nil
			for request := 1; request < 25; request++ {
				at = append(at, request)
			}
		}
		for _, request := range at {
			t.Run(fmt.Sprint(request), func(t *testing.T) {
				t.Parallel()
				d.another(t).pause(t, request)
			})
		}
	})
}

func (d *destination) pause(t *testing.T, request int) {
	t.Helper()
	data := newDataset(t, 0)
	d.publish(t, data)
	data.become(t, 1)
	later := copyOf(t, data)
	later.become(t, 2)
	started, paused := make(chan *program.Process, 1), make(chan struct{})
	d.Arm(proxy.Fault{At: request, Kind: proxy.After(func() {
		p := <-started
		p.Signal(syscall.SIGSTOP)
		close(paused)
	})})
	p := program.Start(t, d.impatient(data))
	started <- p
	select {
	case <-paused:
	case <-time.After(20 * time.Second):
		t.Skipf("there is no request %d", request)
	}
	second := program.Run(t, d.impatient(later))
	p.Signal(syscall.SIGCONT)
	first := p.Wait(t)
	t.Logf("paused at request %d:\n%v\n%v", request, first, second)
	d.checkWhole(t)
	if second.Code == 0 && !d.holds(t, d.All(t), later) {
		t.Errorf("the destination is not what was published last:\n%v\n%v", first, second)
	}
	later.become(t, 3)
	d.Arm(proxy.Fault{})
	program.Must(t, d.publishing(later))
	d.checkWhole(t)
	program.Must(t, d.command("verify", "--at"))
	d.checkEqual(t, later)
}
