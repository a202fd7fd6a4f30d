package manifests

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/words"
)

func idleTug(_ *set, o *object) []found {
	idle, least := orElse(o.spec.IdleReplicaCount, 0), o.spec.least()
	if !o.isScaledObject() || idle <= 0 || idle >= least {
		return nil
	}
	return one("spec.idleReplicaCount", "Set idleReplicaCount to 0, the only one that lasts, or leave it out.",
		"An idleReplicaCount of %d does not last: without work KEDA goes there, and the HPA back to minReplicaCount %d, to and fro.", idle, least)
}

func replicasSet(s *set, o *object) []found {
	path := "spec.replicas"
	if world.PodOf(o.is) == nil || !isSet(o.is) || o.dumped {
		return nil
	}
	for _, by := range s.targets[o.name] {
		if by.isScaledObject() {
			return one(path, "Leave replicas out: KEDA and the HPA set the number.",
				"ScaledObject %s scales it, and every apply of this manifest puts replicas back to what is written here.", by.name.name)
		}
	}
	return nil
}

func fallbackOutOfBounds(_ *set, o *object) []found {
	f := o.spec.Fallback
	if f == nil || f.Behavior == "currentReplicas" || f.Behavior == "scalingModifiers" {
		return nil
	}
	path, most := "spec.fallback.replicas", o.spec.most()
	switch {
	case f.Replicas > most:
		return one(path, "Raise maxReplicaCount, or lower the fallback.", "A fallback of %d replicas is more than maxReplicaCount allows: the HPA stops at %d.", f.Replicas, most)
	case f.Replicas == 0 && o.spec.sleeps():
		return one(path, "Set as many replicas as should work while the source is silent.",
			"A fallback of 0 replicas keeps nothing running: while the source fails KEDA goes to zero after cooldownPeriod, whatever waits.")
	case f.Replicas < o.spec.least() && f.Behavior != "currentReplicasIfHigher":
		return []found{{path: path, severity: Note, next: "Set it to what should run then.",
			says: fmt.Sprintf("A fallback of %d replicas is less than minReplicaCount: the HPA stays at %d.", f.Replicas, o.spec.least())}}
	}
	return nil
}

func cronAboveMax(_ *set, o *object) (out []found) {
	if !o.isScaledObject() {
		return nil
	}
	for i, t := range o.spec.Triggers {
		if n, err := strconv.Atoi(t.Metadata["desiredReplicas"]); err == nil && t.Type == "cron" && n > int(o.spec.most()) && !o.spec.hasFormula() {
			out = append(out, one(o.trigger(i, "metadata.desiredReplicas"), "Raise maxReplicaCount, or lower desiredReplicas.",
				"The schedule wants %s replicas, and maxReplicaCount allows %d: the HPA stops there.", words.Count(n), o.spec.most())...)
		}
	}
	return out
}

func noSuchZone(_ *set, o *object) (out []found) {
	for i, t := range o.spec.Triggers {
		zone := strings.TrimSpace(t.Metadata["timezone"])
		if _, err := time.LoadLocation(zone); t.Type == "cron" && zone != "" && err != nil {
			out = append(out, one(o.trigger(i, "metadata.timezone"), "Name it as the IANA database does: Europe/Berlin, Etc/UTC.",
				"There is no time zone %s: KEDA takes the trigger, and fails each time it looks.", zone)...)
		}
	}
	return out
}

func noRoomForJobs(_ *set, o *object) []found {
	if !o.isScaledJob() || o.spec.least() == 0 || o.spec.least() != o.spec.most() {
		return nil
	}
	return one("spec.minReplicaCount", "Set maxReplicaCount to minReplicaCount and as many Jobs more as the queue may make.",
		"%d Jobs run whatever waits, and the queue makes none: it may make maxReplicaCount less minReplicaCount.", o.spec.least())
}

func strategyIgnored(_ *set, o *object) []found {
	s := o.spec.ScalingStrategy
	if _, err := strconv.ParseFloat(s.CustomScalingRunningJobPercentage, 64); !o.isScaledJob() || s.Strategy != "custom" || err == nil {
		return nil
	}
	path := "spec.scalingStrategy.customScalingRunningJobPercentage"
	return one(path, `Give it as a number in quotes, such as "0.5".`, "%q is no number: without a word KEDA takes the strategy default instead of custom.", s.CustomScalingRunningJobPercentage)
}

func cachedInJob(_ *set, o *object) (out []found) {
	for i, t := range o.spec.Triggers {
		if o.isScaledJob() && t.UseCachedMetrics {
			out = append(out, one(o.trigger(i, "useCachedMetrics"), "Leave it out.", "useCachedMetrics has no effect in a ScaledJob: there is no HPA that KEDA could answer from memory.")...)
		}
	}
	return out
}
