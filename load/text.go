package load

import (
	"math"
	"strconv"
	"strings"

	"github.com/kscope/kscope/words"
)

// String writes a profile as [ParseProfile] reads it.
func (p Profile) String() string {
	var b strings.Builder
	b.WriteString(string(p.Kind) + ":")
	switch p.Kind {
	case Batch, Burst:
		b.WriteString(strconv.FormatInt(p.Jobs, 10))
	case Ramp, Wave:
		b.WriteString(strconv.FormatFloat(p.Base, 'f', -1, 64) + "-" + strconv.FormatFloat(p.Peak, 'f', -1, 64) + "/s")
	default:
		b.WriteString(rateText(p.Rate))
	}
	option := func(name, value string, is bool) {
		if is {
			b.WriteString("," + name + value)
		}
	}
	every := "period="
	if p.Kind == Burst {
		every = "every="
	}
	option(every, words.Written(p.Period), p.Period != 0)
	option("each=", strconv.FormatInt(p.Jobs, 10), p.Kind == Spikes && p.Jobs != 1)
	option("seed=", strconv.FormatUint(p.Seed, 10), p.Kind == Spikes && p.Seed != 1)
	option("", words.Written(p.Duration), p.Duration != 0)
	option("total=", strconv.FormatInt(p.Total, 10), p.Total != 0)
	return b.String()
}

// rateText writes a rate by the second, or by the minute where that is a whole
// number and less than one a second.
func rateText(v float64) string {
	if m := math.Round(v * 60); v < 1 && m/60 == v {
		return strconv.FormatFloat(m, 'f', -1, 64) + "/m"
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + "/s"
}

// Words says what a profile does: "50 jobs/s for 2m".
func (p Profile) Words() string {
	var s string
	switch p.Kind {
	case Batch:
		return words.Plural(p.Jobs, "job") + " at once"
	case Burst:
		if p.Period == 0 {
			return words.Plural(p.Jobs, "job") + " within a second"
		}
		s = words.Plural(p.Jobs, "job") + " every " + words.Written(p.Period)
	case Ramp:
		s = words.Rate(p.Base) + " to " + words.Rate(p.Peak) + " jobs/s"
	case Wave:
		s = words.Rate(p.Base) + " to " + words.Rate(p.Peak) + " jobs/s every " + words.Written(p.Period)
	case Spikes:
		if s = "about " + words.Rate(p.Rate) + " jobs/s"; p.Jobs > 1 {
			s += " in spikes of " + words.Count(p.Jobs)
		}
	default:
		s = words.Rate(p.Rate) + " jobs/s"
	}
	switch {
	case p.Duration > 0 && p.Kind == Ramp:
		s += " within " + words.Written(p.Duration)
	case p.Duration > 0:
		s += " for " + words.Written(p.Duration)
	case p.Total == 0:
		s += " until stopped"
	}
	if p.Total > 0 {
		s += ", " + words.Count(p.Total) + " at most"
	}
	return s
}

func kindNames() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// exampleOf is the kind's own part of [ProfileUsage].
func exampleOf(kind Kind) string {
	for _, s := range strings.Split(ProfileUsage, " | ") {
		if strings.HasPrefix(s, string(kind)+":") {
			return s
		}
	}
	return ProfileUsage
}
