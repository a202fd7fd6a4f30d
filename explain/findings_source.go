package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// What KEDA says of the sources, what kscope reads there itself, and where the two
// do not go together.

// firstError is why kscope itself cannot read some trigger's source.
func firstError(c *store.Chain) string {
	for _, r := range c.Readings {
		if r.Err != "" {
			return r.Err
		}
	}
	return ""
}

// whyFailing is why KEDA cannot read a source, as far as anybody says: its own
// event, or what kscope met there itself.
func whyFailing(c *store.Chain, f *facts) (why string, e Evidence, ok bool) {
	for i := range c.Readings {
		if r := &c.Readings[i]; r.Err != "" {
			return bare(r.Err), readingOf(c, r), true
		}
	}
	if w := warned(c, f.now, complaint, "KEDAScalerFailed", "KEDAMetricSourceFailed"); w != nil && tells(w.Note) {
		return bare(w.Note), warningOf(w), true
	}
	return "", Evidence{}, false
}

// lookAtServer is the move for a server that kscope cannot read either.
func lookAtServer(c *store.Chain, r *store.Reading) Move {
	if b := r.Trigger.Backlog; b != nil {
		name := triggers.Host(triggers.Describe(*b).Address)
		parts := strings.Split(name, ".")
		switch {
		case len(parts) == 1 && name != "" && name != "localhost":
			return Move{kubectl(c, "get", "endpointslices", "-l", "kubernetes.io/service-name="+name), "No endpoints there: no pod behind that service is ready."}
		case len(parts) >= 3 && parts[2] == "svc":
			return Move{command("kubectl", "-n", parts[1], "get", "endpointslices", "-l", "kubernetes.io/service-name="+parts[0]), "No endpoints there: no pod behind that service is ready."}
		}
	}
	return describeSelf(c, "Its events say what KEDA met when it asked the source.")
}

// told is a reading whose error has some words in it.
func told(c *store.Chain, has func(string) bool) *store.Reading {
	for i := range c.Readings {
		if r := &c.Readings[i]; r.Err != "" && has(r.Err) {
			return r
		}
	}
	return nil
}

// dangles is the part of a text that says what an authentication lacks: itself, or
// what it refers to; "" where it says nothing of that.
func dangles(text string) string {
	for part := range strings.SplitSeq(text, "; ") {
		if (strings.Contains(part, "does not exist") || strings.Contains(part, " has no key ")) &&
			(strings.Contains(part, "TriggerAuthentication") || strings.Contains(part, "Secret ") || strings.Contains(part, "ConfigMap ")) {
			return part
		}
	}
	return ""
}

// authMissing is an authentication that is not there, or has not what is needed.
// kscope resolves it step by step as KEDA does, so what it lacks KEDA lacks too. It
// is in the way where kscope is not let in either.
func authMissing(c *store.Chain, f *facts) (Finding, bool) {
	var r *store.Reading
	what := ""
	for i := range c.Readings {
		r = &c.Readings[i]
		if r.Err == "" {
			continue
		}
		if what = dangles(bare(r.Err)); what == "" {
			what = dangles(r.Hint)
		}
		if what != "" {
			break
		}
	}
	if what == "" {
		return Finding{}, false
	}
	x := Finding{Link: LinkQueue, Says: capital(what) + ", so KEDA cannot log in.",
		Next:     fmt.Sprintf("Until it is there, no work is seen: %s.", stay(f.desired)),
		Evidence: []Evidence{readingOf(c, r)},
		Move:     Move{kubectl(c, "get", "triggerauthentications,secrets,configmaps"), "Create what is missing, or correct the name where it is used."}}
	if r.Trigger.AuthName != "" {
		x.Evidence = append(x.Evidence, settingOf(c, "authenticationRef", r.Trigger.AuthKind+" "+r.Trigger.AuthName))
	}
	return x, true
}

// wrongType is a key that holds what the trigger's type cannot count.
func wrongType(c *store.Chain, f *facts) (Finding, bool) {
	r := told(c, func(err string) bool {
		return strings.Contains(err, "the key holds a") || strings.Contains(err, "unsupported key type") || strings.Contains(err, "WRONGTYPE")
	})
	if r == nil {
		return Finding{}, false
	}
	what, _, _ := strings.Cut(bare(r.Err), ", which")
	what = strings.Replace(what, "the key ", "the key "+called(r.Name())+" ", 1)
	return Finding{Link: LinkQueue, Says: capital(what) + ", which a trigger of type " + r.Trigger.Type + " cannot count.",
		Next:     fmt.Sprintf("KEDA cannot count it either: %s.", stay(f.desired)),
		Evidence: []Evidence{readingOf(c, r), settingOf(c, "trigger type", r.Trigger.Type)},
		Move:     Move{command("redis-cli", "TYPE", r.Name()), "Name another key in the trigger, or use the type that counts this one."}}, true
}

// blindAtZero is a source that KEDA cannot read while nothing runs. KEDA says so in
// no condition where it connects to the source when it builds the scaler, and none
// where there is a fallback; only its events tell.
func blindAtZero(c *store.Chain, f *facts) (Finding, bool) {
	if f.desired > 0 || c.ScaledObject.FullyPaused() || c.ScaledJob != nil {
		return Finding{}, false
	}
	within := patience(c)
	if firstError(c) != "" {
		within = complaint
	}
	w := warned(c, f.now, within, "KEDAScalerFailed", "KEDAMetricSourceFailed")
	if w == nil || w.Regarding.Kind != "ScaledObject" || c.Resumed.After(w.Heard) {
		return Finding{}, false
	}
	for i := range c.Readings {
		if c.Readings[i].Back.After(w.Heard) { // it answers again, as far as kscope can tell
			return Finding{}, false
		}
	}
	why, e, ok := whyFailing(c, f)
	if !ok {
		why = "the source fails"
	}
	x := Finding{Link: LinkQueue, Stale: true,
		Says:     fmt.Sprintf("KEDA cannot read the source: %s.", why),
		Next:     fmt.Sprintf("Work that arrives starts nothing until it can. KEDA looks every %s.", words.Span(c.ScaledObject.PollingInterval)),
		Evidence: []Evidence{warningOf(w)}, Move: describeSelf(c, "Its events say what KEDA met when it asked the source.")}
	if ok && e.Object == "kscope" {
		x.Evidence = append(x.Evidence, e)
		x.Move = lookAtServer(c, told(c, func(string) bool { return true }))
	}
	return x, true
}

// overdue is work that KEDA should have seen by now.
func overdue(c *store.Chain, f *facts) (Finding, bool) {
	so, r := &c.ScaledObject, &f.work
	if f.desired > 0 || !f.hasWork || so.PausedScaleOut || so.FullyPaused() || c.ScaledJob != nil {
		return Finding{}, false
	}
	since := r.Waiting
	if r.From == store.FromSchedule || since.IsZero() || f.now.Sub(f.since(c, since)) <= patience(c) {
		return Finding{}, false
	}
	x := Finding{Link: LinkKEDA,
		Says:     fmt.Sprintf("%s, for %s now, and KEDA has started nothing.", waits(*r), words.Age(f.now.Sub(since))),
		Next:     fmt.Sprintf("KEDA looks every %s: check that it runs and reads the same server as kscope.", words.Span(so.PollingInterval)),
		Evidence: []Evidence{readingOf(c, r), conditionOf(self(c), so.Conditions.Get("Active"))},
		Move:     operatorLogs("They say what KEDA reads, or why it does not; nothing there: it does not run.")}
	if is, ok := so.TriggersActive[r.Metric]; ok && r.Metric != "" {
		x.Evidence = append(x.Evidence, settingOf(c, "status.triggersActivity "+r.Metric, fmt.Sprintf("isActive %v", is)))
	}
	return x, true
}

// kedaSeesMore is work that KEDA finds at every look where kscope has long found
// none: they do not read the same.
func kedaSeesMore(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if c.EmptySince.IsZero() || !f.quiet || so.ForceActivation || so.ScalingModifiers || c.Polled.IsZero() || c.ActiveSince.IsZero() ||
		!so.Conditions.Get("Active").True() || so.Conditions.Get("Fallback").True() {
		return Finding{}, false
	}
	// One look may catch a job that kscope misses; three in a row do not, while it
	// looks several times in between. Some are the HPA's.
	since, look := f.since(c, c.EmptySince), max(so.PollingInterval, scaling.SyncPeriod)
	if c.ActiveSince.After(since) {
		since = c.ActiveSince
	}
	if f.now.Sub(since) <= 3*look+5*time.Second || f.now.Sub(c.Polled) > patience(c) || c.Polled.Sub(since) <= 2*look {
		return Finding{}, false
	}
	r := &f.r
	return Finding{Link: LinkQueue,
		Says: fmt.Sprintf("KEDA sees work, though kscope has found %s empty for %s: they do not read the same.", noun(*r), words.Age(f.now.Sub(c.EmptySince))),
		Next: fmt.Sprintf("KEDA keeps %s as long as it sees some. Compare server, database, key and user.", pods(int(f.desired))),
		Evidence: []Evidence{readingOf(c, r), conditionOf(self(c), so.Conditions.Get("Active")),
			settingOf(c, "status.lastActiveTime", so.LastActiveTime.In(f.now.Location()).Format("15:04:05"))},
		Move: Move{kubectl(c, "get", "scaledobject", so.Ref.Name, "-o", "jsonpath={.spec.triggers}"), "It shows what KEDA reads; C shows what kscope reads."}}, true
}

// wrongKey is work that arrives where no trigger looks, under a name that is easily
// taken for the one where a trigger does, while there is none.
func wrongKey(c *store.Chain, f *facts) (Finding, bool) {
	var r *store.Reading
	for i := range c.Readings {
		if is := &c.Readings[i]; is.Known && is.Jobs() == 0 && is.Elsewhere.N > 0 {
			r = is
			break
		}
	}
	if r == nil {
		return Finding{}, false
	}
	there, here := fmt.Sprintf("the list %q", called(r.Elsewhere.Name)), called(r.Name())
	look, wrong := []string{"redis-cli"}, "listName"
	if r.Elsewhere.Name == r.Name() {
		there, wrong = fmt.Sprintf("%s of database %d", here, r.Elsewhere.DB), "databaseIndex"
		look = append(look, "-n", itoa(int32(r.Elsewhere.DB)))
	}
	return Finding{Link: LinkQueue, Word: "wrong key?",
		Says:     fmt.Sprintf("Jobs arrive in %s, where no trigger looks, while %s stays empty.", there, here),
		Next:     fmt.Sprintf("KEDA sees none of them: %s. Either the producer or the %s of the trigger is wrong.", stay(f.desired), wrong),
		Evidence: []Evidence{readingOf(c, r), {Object: "kscope", Field: "reads " + there, Value: words.Count(int(r.Elsewhere.N)) + " and growing", Since: r.At}},
		Move:     Move{command(append(look, "LRANGE", r.Elsewhere.Name, "0", "2")...), "If these are its jobs, correct " + wrong + " or the producer, and move what waits there."}}, true
}
