package lake

import (
	"math/rand/v2"
	"testing"
	"time"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// TestOutage has the server fail all requests of a publish from one on, or never answer one. A publish gives up with a clear
// message, or asks again; what it leaves is finished by the next.
func TestOutage(t *testing.T) {
	outages := map[string]func(at int) proxy.Fault{
		"503 from then on":     func(at int) proxy.Fault { return proxy.Fault{At: at, On: true, Kind: proxy.Status(503)} },
		"refused from then on": func(at int) proxy.Fault { return proxy.Fault{At: at, On: true, Kind: proxy.Refused} },
		"never answered":       func(at int) proxy.Fault { return proxy.Fault{At: at, Kind: proxy.Slow(time.Hour)} },
	}
	if !all {
		delete(outages, "never answered") // each attempt is given a minute
	}
	eachDestination(t, func(t *testing.T, d *destination) {
		t.Parallel() // it waits
		for what, outage := range outages {
			at := 1 + rand.IntN(20)
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				d.another(t).suffer(t, outage(at))
			})
		}
	})
}

func (d *destination) suffer(t *testing.T, outage proxy.Fault) {
	t.Helper()
	data := newDataset(t, 0)
	d.publish(t, data)
	data.become(t, 1)
	d.Arm(outage)
	r := program.Run(t, d.publishing(data))
	t.Logf("at request %d: after %.1f s and %d requests: %v", outage.At, r.Took.Seconds(), len(d.Requests()), r)
	if r.Code != 0 && !refused(r) || outage.On && r.Code != 1 {
		t.Errorf("it should say clearly what failed")
	}
	d.checkWhole(t)
	d.publish(t, data)
}
