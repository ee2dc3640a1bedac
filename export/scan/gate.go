package scan

import (
	"context"
	"sync/atomic"
)

// gate bounds how many walks are under way, by a limit that may change from one to the next.
type gate struct {
	running atomic.Int64
	left    chan struct{} // has room for one: some walk has left since
}

func newGate() *gate { return &gate{left: make(chan struct{}, 1)} }

// enter waits until fewer walks than the limit are under way; false if the context ends. It is for one goroutine.
func (g *gate) enter(ctx context.Context, limit func() int) bool {
	for g.running.Load() >= int64(max(1, limit())) {
		select {
		case <-g.left:
		case <-ctx.Done():
			return false
		}
	}
	g.running.Add(1)
	return ctx.Err() == nil
}

func (g *gate) leave() {
	g.running.Add(-1)
	select {
	case g.left <- struct{}{}:
	default:
	}
}
