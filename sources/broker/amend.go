package broker

import (
	"context"
	"time"

	"github.com/kscope/kscope"
)

// Amended is a technology of which somebody knows better what some of its backlogs hold,
// as where it stands in for another: of one that was measured tell gives what is said
// instead; false leaves it as it was. Looks at it must cost nothing: it may not be [Paced].
func Amended(t Technology, tell func(kscope.Backlog) (kscope.Depth, bool)) Technology {
	return amended{t, tell}
}

type amended struct {
	Technology
	tell func(kscope.Backlog) (kscope.Depth, bool)
}

// Meter is that of the technology, amended.
func (a amended) Meter(place string, one kscope.Backlog) Meter {
	return amendedMeter{a.Technology.Meter(place, one), a.tell}
}

type amendedMeter struct {
	Meter
	tell func(kscope.Backlog) (kscope.Depth, bool)
}

// Measure measures, and puts what is told in the place of what was found.
func (m amendedMeter) Measure(ctx context.Context, ask *Ask, readings []Reading) (time.Duration, error) {
	rtt, err := m.Meter.Measure(ctx, ask, readings)
	if err != nil {
		return rtt, err
	}
	for i := range readings {
		if r := &readings[i]; r.Err == nil {
			if d, ok := m.tell(ask.Backlogs[i]); ok {
				r.N, r.Type, r.Parts, r.Scaled, r.Note, r.Sampled = d.N, d.Type, d.Parts, d.Scaled, d.Note, d.Sampled
			}
		}
	}
	return rtt, nil
}
