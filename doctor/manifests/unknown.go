package manifests

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
	"github.com/kscope/kscope/words"
)

// longestName is how long the name of what makes HPAs, and labels of them, may be.
const longestName = 63

func nameTooLong(_ *set, o *object) []found {
	if !o.isScaledObject() {
		return nil
	}
	switch given := o.spec.Advanced.HorizontalPodAutoscalerConfig.Name; {
	case len(o.name.name) > longestName:
		return one("metadata.name", "Give it a shorter name.", "Its name has %d characters: KEDA puts it into a label, which has %d at most, and its webhook refuses it.", len(o.name.name), longestName)
	case len(given) > longestName:
		return one("spec.advanced.horizontalPodAutoscalerConfig.name", "Give the HPA a shorter name.", "The name of its HPA has %d characters: KEDA's webhook takes %d at most.", len(given), longestName)
	case len(o.hpa()) > longestName:
		return one("metadata.name", "Give the HPA a shorter one, in advanced.horizontalPodAutoscalerConfig.name.",
			"The name of its HPA, keda-hpa- and its own, has %d characters: KEDA's webhook takes %d at most.", len(o.hpa()), longestName)
	}
	return nil
}

// settings are the names of all settings of all of KEDA's trigger types.
var settings = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, typ := range triggers.Types() {
		for _, p := range params.Of(typ) {
			for _, n := range p.Names {
				out[n] = true
			}
		}
	}
	return out
})

// isSetting reports whether any of KEDA's trigger types may go by a key of metadata. What
// the clouds' own libraries read is in no list of KEDA's.
func isSetting(key string) bool {
	base := strings.TrimSuffix(key, "FromEnv")
	return settings()[key] || settings()[base] || strings.HasPrefix(key, "aws") || strings.HasPrefix(key, "credentials")
}

// unknownSetting is what no trigger type of KEDA's has. What one has, another may have
// had in an older version, and is not told of.
func unknownSetting(_ *set, o *object) (out []found) {
	for i, t := range o.spec.Triggers {
		known := params.Of(t.Type)
		if known == nil || strings.HasPrefix(t.Type, "external") { // whose scaler gets all of it
			continue
		}
		told, _ := triggers.Misspelt(t.known())
		for _, key := range slices.Sorted(maps.Keys(t.Metadata)) {
			if key == told || isSetting(key) {
				continue
			}
			f := found{path: o.trigger(i, "metadata["+key+"]"), severity: Note, next: "Leave it out."}
			f.says = "KEDA has no setting " + key + " of a trigger of type " + t.Type + ", and passes over it."
			if key == "metricType" {
				f.severity, f.next = Warning, "It stands beside metadata, not in it."
			} else if near := nearSetting(key, known); near != "" {
				f.severity, f.next = Warning, "Is "+near+" meant?"
			}
			out = append(out, f)
		}
	}
	return out
}

// nearSetting is the one of some parameters that a key is nearly called, "" for none.
func nearSetting(key string, known []params.Parameter) string {
	for _, p := range known {
		for _, n := range p.Names {
			if slips := min(len(n)/5, 2); len(key) <= len(n)+slips && words.Slips(strings.ToLower(key), strings.ToLower(n)) <= slips {
				return n
			}
		}
	}
	return ""
}
