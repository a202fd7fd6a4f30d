package load

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope/words"
)

// ProfileUsage says how profiles are written, for a flag's help.
const ProfileUsage = `batch:500 | burst:500,every=30s,5m | steady:50/s,2m | ramp:0-200/s,1m | wave:0-100/s,period=30s,5m | spikes:20/s,each=50,seed=7,5m`

// ParseProfile reads a profile as one writes it in a flag:
//
//	batch:500                     500 jobs at once
//	burst:500                     500 jobs within a second
//	burst:500,every=30s,5m        the same every 30 s, for 5 minutes
//	steady:50/s,2m                50 jobs a second for 2 minutes
//	ramp:0-200/s,1m               from none to 200 a second within a minute
//	wave:0-100/s,period=30s,5m    up to 100 a second and down again every 30 s
//	spikes:20/s,each=50,5m        50 jobs now and then, 20 a second on average
//
// A rate is jobs per second, minute or hour: 50/s, 30/m, 10/h. A number of jobs
// may end in k or M. What follows is in any order: a duration, bare or as
// for=2m, without which it goes on until stopped; total=1000, after which it
// ends in any case; every= or period=; and for spikes each=, which is 1 if not
// said, and seed=, also 1. The rate of a wave without a base starts at 0, and
// its period is 1m if not said. What comes back has passed [Profile.Check].
func ParseProfile(text string) (Profile, error) {
	kind, rest, ok := strings.Cut(strings.TrimSpace(text), ":")
	p := Profile{Kind: Kind(strings.TrimSpace(kind))}
	if !knownKind(p.Kind) {
		return p, fmt.Errorf("there is no profile %.40q: want %s", kind, kindNames())
	}
	words := strings.Split(rest, ",")
	if !ok || strings.TrimSpace(rest) == "" {
		return p, fmt.Errorf("%s: how much is missing: %s", p.Kind, exampleOf(p.Kind))
	}
	if err := p.parseAmount(strings.TrimSpace(words[0])); err != nil {
		return p, fmt.Errorf("%s: %w", p.Kind, err)
	}
	seen := map[string]bool{}
	for _, w := range words[1:] {
		name, value, named := strings.Cut(strings.TrimSpace(w), "=")
		if !named {
			name, value = "for", name
		}
		if name == "every" {
			name = "period"
		}
		if seen[name] {
			return p, fmt.Errorf("%s: %.40q: %s is said twice", p.Kind, w, name)
		}
		seen[name] = true
		if err := p.parseOption(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return p, fmt.Errorf("%s: %.40q: %w", p.Kind, w, err)
		}
	}
	if p.Kind == Wave && !seen["period"] {
		p.Period = time.Minute
	}
	if p.Kind == Spikes && !seen["each"] {
		p.Jobs = 1
	}
	if p.Kind == Spikes && !seen["seed"] {
		p.Seed = 1
	}
	return p, p.Check()
}

// parseAmount reads what comes after the colon.
func (p *Profile) parseAmount(s string) (err error) {
	switch p.Kind {
	case Batch, Burst:
		p.Jobs, err = parseCount(s)
	case Steady, Spikes:
		p.Rate, err = parseRate(s, "")
	default:
		from, to, both := strings.Cut(strings.TrimPrefix(s, "-"), "-")
		if strings.HasPrefix(s, "-") {
			return errors.New("a rate is negative")
		}
		switch {
		case !both && p.Kind == Ramp:
			return fmt.Errorf("want two rates: %s", exampleOf(p.Kind))
		case !both:
			from, to = "0", from
		}
		_, unit, _ := strings.Cut(to, "/") // 0-200/s: the unit is of both
		if p.Peak, err = parseRate(to, ""); err == nil {
			p.Base, err = parseRate(from, unit)
		}
	}
	return err
}

func (p *Profile) parseOption(name, value string) (err error) {
	switch name {
	case "for":
		if p.Duration, err = time.ParseDuration(value); err == nil && p.Duration == 0 {
			err = errors.New("lasts no time")
		} else if err != nil {
			err = errors.New("want a duration such as 2m, or for=, total=, period=, every=, each= or seed=")
		}
	case "period":
		if p.Period, err = time.ParseDuration(value); err == nil && p.Period == 0 {
			err = errors.New("lasts no time")
		} else if err != nil {
			err = errors.New("want a duration such as 30s")
		}
	case "total":
		if p.Total, err = parseCount(value); err == nil && p.Total == 0 {
			err = errors.New("0 jobs do nothing")
		}
	case "each":
		if p.Kind != Spikes {
			return errors.New("only spikes have a size")
		}
		p.Jobs, err = parseCount(value)
	case "seed":
		if p.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			err = errors.New("want a whole number")
		}
	default:
		err = errors.New("want a duration such as 2m, or for=, total=, period=, every=, each= or seed=")
	}
	return err
}

// parseCount reads a number of jobs: 500, 10k, 1M.
func parseCount(s string) (int64, error) {
	digits, unit := s, 1.0
	switch {
	case strings.HasSuffix(s, "k"):
		digits, unit = s[:len(s)-1], 1e3
	case strings.HasSuffix(s, "M"):
		digits, unit = s[:len(s)-1], 1e6
	}
	v, err := strconv.ParseFloat(digits, 64)
	n := v * unit
	switch {
	case err != nil || strings.ContainsAny(s, "/xXnN_"):
		return 0, fmt.Errorf("%.40q is not a number of jobs: want 500 or 10k", s)
	case n < 0:
		return 0, fmt.Errorf("%s jobs are fewer than none", s)
	case n > mostJobs:
		return 0, fmt.Errorf("%s jobs are absurd: want up to %s", s, words.Count(mostJobs))
	case n != math.Trunc(n):
		return 0, fmt.Errorf("%s is not a whole number of jobs", s)
	}
	return int64(n), nil
}

// parseRate reads a rate with its unit, which may have been said elsewhere.
func parseRate(s, unit string) (float64, error) {
	digits, own, has := strings.Cut(s, "/")
	if has {
		unit = own
	}
	per := 1.0
	switch strings.TrimSpace(unit) {
	case "s":
	case "m", "min":
		per = 60
	case "h":
		per = 3600
	default:
		return 0, fmt.Errorf("%.40q is not a rate: want 50/s, 30/m or 10/h", s)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || strings.ContainsAny(s, "xX_") {
		return 0, fmt.Errorf("%.40q is not a rate: want 50/s, 30/m or 10/h", s)
	}
	return v / per, nil
}

func knownKind(k Kind) bool {
	for _, known := range Kinds {
		if k == known {
			return true
		}
	}
	return false
}
