package manifests

import (
	"cmp"
	"fmt"
	"strconv"
)

// rule finds one kind of trouble in an object. Each is grounded in what KEDA and the HPA do.
type rule struct {
	id       string
	severity Severity
	help     string // what it is about, in a sentence or two
	find     func(s *set, o *object) []found
}

// found is what a rule finds at a field of an object.
type found struct {
	path, says, next string
	severity         Severity // where it is another than the rule's
	of               *object  // where it is in another object
}

// notAccepted is the rule that the loader holds manifests to.
const notAccepted = "notAccepted"

// noManifest is what is given and is for another program.
const noManifest = "noManifest"

// ofKEDA is what KEDA refuses.
var ofKEDA = rule{"refused", Error, "KEDA's operator refuses the object: it makes no HPA, or no Jobs, and says so in the condition Ready. Or its admission webhook does, for what is no rule of its own here.", refused}

// rules are all there are, in the order in which they are told of one field.
var rules = []rule{
	{notAccepted, Error, "kubectl, the API server or KEDA's CRDs refuse it: it is no YAML, a field is misspelt or of another type, or a number is out of bounds.", nothing},
	{noManifest, Note, "A file that was given is no manifest: values of a chart, for kustomize, or empty. The next step says what makes manifests of it.", nothing},
	ofKEDA,
	{"twoMasters", Error, "Two ScaledObjects scale one workload. KEDA's admission webhook refuses the second; where it does not run, each undoes what the other does.", twoMasters},
	{"twoHPAs", Error, "An HPA scales a workload that a ScaledObject scales too. KEDA's admission webhook refuses the ScaledObject; where it does not run, the two HPAs fight.", twoHPAs},
	{"sameHPAName", Error, "Two ScaledObjects want an HPA of one name. KEDA's admission webhook refuses the second.", sameHPAName},
	{"neverSleeps", Error, "Only cpu and memory scale it and minReplicaCount is 0. KEDA's admission webhook refuses that; where it does not run, it never goes to zero, since these two always count as active.", neverSleeps},
	{"fallbackWithoutMetric", Error, "A fallback needs a trigger other than cpu and memory. KEDA's admission webhook refuses it without.", fallbackWithoutMetric},
	{"nameTooLong", Error, "KEDA puts the name of a ScaledObject, and that of its HPA, into labels, which have 63 characters at most: its admission webhook refuses a longer one.", nameTooLong},
	{"noRequests", Error, "Something scales by cpu or memory, measured against what containers request, and one of them requests none. KEDA's admission webhook refuses a ScaledObject that does, unless a LimitRange of the namespace gives a default; with an HPA it is a warning.", noRequests},
	{"activationAboveTarget", Warning, "The activation target is above the target: from zero nothing starts until there is work for several pods, and work for several pods counts as none.", activationAboveTarget},
	{"neverWakes", Warning, "A Redis stream is measured by its pending entries, which only a running pod makes: from zero nothing wakes it.", neverWakes},
	{"idleTug", Warning, "KEDA goes to an idleReplicaCount above 0, and the HPA back to minReplicaCount, to and fro.", idleTug},
	{"misspelt", Warning, "A trigger has a setting that KEDA has none of, and that is nearly called as its target or activation target: KEDA passes over it and takes the default.", misspelt},
	{"unknownSetting", Warning, "A trigger has a setting that none of KEDA's trigger types has, and KEDA passes over it. A warning where another is nearly called so, else a note.", unknownSetting},
	{"replicasSet", Warning, "The workload's manifest sets replicas, which KEDA and the HPA set too: every apply puts the number back.", replicasSet},
	{"cooldownWithoutEnd", Note, "A cooldownPeriod is set where KEDA never goes to zero or to idle, so it has no effect.", bySetting("cooldownWithoutEnd", "spec.cooldownPeriod", "Leave it out, or set minReplicaCount to 0.")},
	{"pollingIsNoPace", Note, "A pollingInterval is set where KEDA goes by what the HPA asks, so it sets no pace.", bySetting("pollingIsNoPace", "spec.pollingInterval", "Leave it out: with minReplicaCount 0 it would count.")},
	{"cooldownShorterThanPolling", Note, "A cooldownPeriod that is shorter than the pollingInterval lasts as long as that: KEDA goes to zero only when it looks.", cooldownShorterThanPolling},
	{"activationWithoutEffect", Note, "An activation target decides when KEDA starts from zero, and it never goes there.", activationWithoutEffect},
	{"coarseTarget", Note, "One pod is meant for " + itoa(manyJobs) + " jobs or more of a queue, so that the second comes late. Logs and streams of events, such as Kafka's, are read in bulk, and are not told of.", coarseTarget},
	{"valueFromZero", Warning, "With metricType Value the HPA multiplies the pods that are ready: from zero it adds none until one is, and then goes on as long as the value is above the target.", valueFromZero},
	{"fallbackNeverRuns", Warning, "While the server of the source cannot be reached, the fallback does not run: KEDA connects when it builds the trigger, and counts one failure and no more while that fails. It runs only where the server answers with an error. Or it has no effect at all, beside a formula whose target is no whole number.", fallbackNeverRuns},
	{"fallbackOutOfBounds", Warning, "The replicas of the fallback are none that the HPA may set.", fallbackOutOfBounds},
	{"targetMissing", Note, "What it scales is not among the manifests. It may be elsewhere.", targetMissing},
	{"authMissing", Note, "What a trigger logs in by is not among the manifests. It may be elsewhere.", authMissing},
	{"dataMissing", Note, "A Secret or ConfigMap that a login or the environment of a container is taken from is not among the manifests. It may be in the cluster: passwords are seldom kept beside manifests.", dataMissing},
	{"keyMissing", Warning, "A Secret or ConfigMap is there and has not the key that is asked for: KEDA takes that for empty.", keyMissing},
	{"variableMissing", Warning, "A trigger takes a value from a variable that the container does not have: KEDA takes that for empty. An error where it refuses the trigger for it, else a warning.", variableMissing},
	{"noSuchZone", Warning, "A cron trigger names a time zone that is not known: KEDA takes it, and fails each time it looks.", noSuchZone},
	{"cronAboveMax", Warning, "A cron trigger wants more replicas than maxReplicaCount allows.", cronAboveMax},
	{"scalingDisabled", Note, "A selectPolicy of Disabled keeps the HPA from scaling in that direction.", scalingDisabled},
	{"held", Note, "An annotation pauses it, or keeps it awake.", held},
	{"noRoomForJobs", Warning, "The queue may make maxReplicaCount less minReplicaCount Jobs, and that is none.", noRoomForJobs},
	{"strategyIgnored", Warning, "A number of the strategy custom cannot be read, and KEDA goes by the strategy default instead.", strategyIgnored},
	{"cachedInJob", Note, "useCachedMetrics has no effect in a ScaledJob, which has no HPA to answer.", cachedInJob},
}

func nothing(*set, *object) []found { return nil }

// finding is what a rule found, at its place.
func (s *set) finding(r rule, o *object, f found) Finding {
	if f.of != nil {
		o = f.of
	}
	at := s.m.At(o.at, f.path)
	return Finding{Rule: r.id, Severity: cmp.Or(f.severity, r.severity), File: at.File, Line: at.Line, Column: at.Column,
		Object: o.String(), Field: f.path, Says: f.says, Next: f.next}
}

func one(path, next, format string, args ...any) []found {
	return []found{{path: path, says: fmt.Sprintf(format, args...), next: next}}
}

func itoa[T int | int32](n T) string { return strconv.Itoa(int(n)) }
