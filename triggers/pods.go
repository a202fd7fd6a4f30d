package triggers

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kscope/kscope"
)

// Pods is what a kubernetes-workload trigger counts: the pods of a namespace that a label
// selector finds and that have neither succeeded nor failed, or the nodes these are on. It
// is comparable, and means the same wherever it is equal.
type Pods struct {
	Namespace string
	Selector  string // as the trigger writes it
	ByNode    bool   // the nodes, not the pods
}

// PodsBroker is the Broker of a backlog that is a number of pods.
const PodsBroker = "pods"

// PodsOf is what a trigger counts in the namespace of what it belongs to, and its selector;
// false for a trigger of another type, and for one that KEDA refuses.
func PodsOf(namespace string, t kscope.Trigger) (Pods, kscope.Selector, bool) {
	if t.Type != "kubernetes-workload" {
		return Pods{}, nil, false
	}
	out := Pods{Namespace: namespace, Selector: strings.TrimSpace(t.Metadata["podSelector"])}
	if s := strings.TrimSpace(t.Metadata["groupByNode"]); s != "" {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return Pods{}, nil, false
		}
		out.ByNode = on
	}
	target, _ := Targets(t)
	selector, err := parseSelector(out.Selector)
	return out, selector, err == nil && target > 0
}

// Backlog is its identity among what is counted.
func (p Pods) Backlog() kscope.Backlog {
	detail, _ := json.Marshal(p) // texts never fail
	return kscope.Backlog{Broker: PodsBroker, Name: p.Selector, Detail: string(detail)}
}

// CountedPods is what such a backlog counts; false for any other.
func CountedPods(b kscope.Backlog) (p Pods, ok bool) {
	return p, b.Broker == PodsBroker && json.Unmarshal([]byte(b.Detail), &p) == nil
}

// PodTally is such a count, which is kept by adding pods and taking them out again.
type PodTally struct {
	selector kscope.Selector
	pods     int
	nodes    map[string]int // how many of them are on each node; nil where these do not count
}

// Tally is a count of none so far.
func (p Pods) Tally(selector kscope.Selector) PodTally {
	t := PodTally{selector: selector}
	if p.ByNode {
		t.nodes = map[string]int{}
	}
	return t
}

// Add adds a pod of the namespace, where it counts, once or as often as it says; -1 takes it
// out, as it was when it was added. As in KEDA, a pod that is told to stop counts until it is
// gone.
func (t *PodTally) Add(p *kscope.Pod, by int) {
	if p.Phase == "Succeeded" || p.Phase == "Failed" || !t.selector.Matches(p.Labels) {
		return
	}
	if t.pods += by; t.nodes == nil || p.Node == "" {
		return
	}
	if t.nodes[p.Node] += by; t.nodes[p.Node] == 0 {
		delete(t.nodes, p.Node)
	}
}

// Value is what the trigger says.
func (t *PodTally) Value() float64 {
	if t.nodes != nil {
		return float64(len(t.nodes))
	}
	return float64(t.pods)
}

// Clone is a tally that goes its own way.
func (t *PodTally) Clone() PodTally {
	return PodTally{selector: t.selector, pods: t.pods, nodes: maps.Clone(t.nodes)}
}

// A selector is terms between commas: key, !key, key=value with == and != too, key>1, key<1,
// and key in (a,b), key notin (a,b).
const (
	labelPart = `[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`
	labelKey  = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?` + labelPart
)

var (
	comparing = later(`^\s*(!?)\s*(` + labelKey + `)\s*(?:(==|=|!=|>|<)\s*((?:` + labelPart + `)?))?\s*$`)
	among     = later(`^\s*(` + labelKey + `)\s+(in|notin)\s*\(([^()]*)\)\s*$`)
	value     = later(`^(?:` + labelPart + `)?$`)
	commas    = later(`[^,()]*(?:\([^()]*\))?[^,()]*`)
)

// later is a regular expression that is compiled when it is first needed: most never need
// it, and the large ones take half a megabyte.
func later(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// parseSelector reads a label selector as the API's own parser does.
func parseSelector(text string) (kscope.Selector, error) {
	var out kscope.Selector
	for rest := text; ; {
		term := commas().FindString(rest)
		r, ok := requirement(term)
		if !ok {
			return nil, fmt.Errorf("%q is no term of a label selector", term)
		}
		out = append(out, r)
		if rest = rest[len(term):]; rest == "" {
			return out, nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("%q does not belong into a label selector", rest)
		}
		rest = rest[1:]
	}
}

// requirement reads one term of a selector; false for what is none.
func requirement(term string) (kscope.Requirement, bool) {
	if m := among().FindStringSubmatch(term); m != nil {
		r := kscope.Requirement{Key: m[1], Operator: kscope.In}
		if m[2] == "notin" {
			r.Operator = kscope.NotIn
		}
		for v := range strings.SplitSeq(m[3], ",") {
			r.Values = append(r.Values, strings.TrimSpace(v))
		}
		return r, !slices.ContainsFunc(r.Values, func(v string) bool { return !value().MatchString(v) })
	}
	m := comparing().FindStringSubmatch(term)
	if m == nil {
		return kscope.Requirement{}, false
	}
	r := kscope.Requirement{Key: m[2], Operator: kscope.Exists}
	switch m[3] {
	case "":
		if m[1] != "" {
			r.Operator = kscope.DoesNotExist
		}
		return r, true
	case "=", "==":
		r.Operator = kscope.In
	case "!=":
		r.Operator = kscope.NotIn
	case ">":
		r.Operator = kscope.GreaterThan
	case "<":
		r.Operator = kscope.LessThan
	}
	if r.Values = []string{m[4]}; m[3] == ">" || m[3] == "<" {
		if _, err := strconv.ParseInt(m[4], 10, 64); err != nil {
			return r, false
		}
	}
	return r, m[1] == ""
}
