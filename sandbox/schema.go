package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// shape is what a schema says of a value: as much of OpenAPI as KEDA's CRDs
// use, and refused in the words of an API server.
type shape struct {
	typ      string // object, array, string, integer, boolean; "" for anything
	fields   map[string]shape
	values   *shape // of an object that may have any keys
	items    *shape
	required []string
	least    *int64 // an integer, the length of a string or that of a list
	oneOf    []string
	into     func() any // a Go type of the API that says more
	rule     func(v map[string]any, path *field.Path) []problem
}

// checkObject checks a whole object but for its metadata, which the API server
// checks for all kinds alike.
func (s shape) checkObject(obj map[string]any) []problem {
	rest := maps.Clone(obj)
	for _, name := range []string{"apiVersion", "kind", "metadata", "status"} {
		delete(rest, name)
	}
	return s.check(rest, nil)
}

func (s shape) check(v any, path *field.Path) []problem {
	var out []problem
	switch v := v.(type) {
	case map[string]any:
		if s.typ == "object" {
			return append(out, s.checkFields(v, path)...)
		}
	case []any:
		if s.typ == "array" {
			return append(out, s.checkItems(v, path)...)
		}
	case string:
		if s.typ == "string" {
			return s.checkText(v, path)
		}
	case int64:
		if s.typ == "integer" {
			return s.checkNumber(v, path)
		}
	case float64:
		if s.typ == "integer" && v == math.Trunc(v) {
			return s.checkNumber(int64(v), path)
		}
	case bool:
		if s.typ == "boolean" {
			return nil
		}
	}
	if s.typ == "" {
		return nil
	}
	return []problem{s.wrongType(v, path)}
}

func (s shape) wrongType(v any, path *field.Path) problem {
	got := typeOf(v)
	p := invalid(path, fmt.Sprintf("%q", got), "must be of type %s: %q", s.typ, got)
	switch v.(type) {
	case int64, float64, bool:
		if s.typ == "string" {
			p.hint = fmt.Sprintf("put it in quotes: \"%v\"", v)
		}
	}
	return p
}

// invalid is how an API server says that a value breaks a rule of a schema.
func invalid(path *field.Path, v any, rule string, args ...any) problem {
	return problem{path: path.String(), text: fmt.Sprintf("%s: Invalid value: %v: %s in body ", path, v, path) + fmt.Sprintf(rule, args...)}
}

func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func (s shape) checkFields(v map[string]any, path *field.Path) []problem {
	var out []problem
	for _, name := range s.required {
		if v[name] == nil {
			out = append(out, problem{path: path.String(), text: field.Required(path.Child(name), "").Error()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		known, ok := s.fields[name]
		at := path.Child(name)
		switch {
		case v[name] == nil: // as good as left out
		case ok:
			out = append(out, known.check(v[name], at)...)
		case s.values != nil:
			out = append(out, s.values.check(v[name], at)...)
		case s.fields != nil:
			out = append(out, problem{path: at.String(), text: fmt.Sprintf("unknown field %q", at), hint: s.nearest(name)})
		}
	}
	if len(out) == 0 && s.into != nil {
		out = append(out, s.checkInto(v, path)...)
	}
	if len(out) == 0 && s.rule != nil {
		out = append(out, s.rule(v, path)...)
	}
	return out
}

// nearest is a hint at what an unknown field may have been meant to be.
func (s shape) nearest(name string) string {
	for _, known := range slices.Sorted(maps.Keys(s.fields)) {
		a, b := strings.ToLower(known), strings.ToLower(name)
		if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || strings.TrimSuffix(a, "count") == strings.TrimSuffix(b, "s") {
			return "is " + known + " meant?"
		}
	}
	return "there are: " + strings.Join(slices.Sorted(maps.Keys(s.fields)), ", ")
}

func (s shape) checkItems(v []any, path *field.Path) []problem {
	if s.least != nil && int64(len(v)) < *s.least {
		return []problem{invalid(path, len(v), "should have at least %d items", *s.least)}
	}
	var out []problem
	for i, item := range v {
		out = append(out, s.items.check(item, path.Index(i))...)
	}
	return out
}

func (s shape) checkText(v string, path *field.Path) []problem {
	if s.least != nil && int64(len(v)) < *s.least {
		return []problem{invalid(path, fmt.Sprintf("%q", v), "should be at least %d chars long", *s.least)}
	}
	if s.oneOf != nil && !slices.Contains(s.oneOf, v) {
		return []problem{{path: path.String(), text: field.NotSupported(path, v, s.oneOf).Error()}}
	}
	return nil
}

func (s shape) checkNumber(v int64, path *field.Path) []problem {
	switch {
	case v > math.MaxInt32 || v < math.MinInt32:
		return []problem{invalid(path, v, "must be of type int32")}
	case s.least != nil && v < *s.least:
		return []problem{invalid(path, v, "should be greater than or equal to %d", *s.least)}
	}
	return nil
}

// checkInto decodes strictly into a type of Kubernetes' own.
func (s shape) checkInto(v map[string]any, path *field.Path) []problem {
	j, err := json.Marshal(v)
	if err != nil {
		return []problem{{path: path.String(), text: err.Error()}}
	}
	strict, err := kjson.UnmarshalStrict(j, s.into())
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err == nil {
		return nil
	}
	p := decodeProblem(err)
	if p.path != "" {
		p.text = strings.Replace(p.text, p.path, path.String()+"."+p.path, 1)
		p.path = path.String() + "." + p.path
	} else {
		p.path, p.text = path.String(), path.String()+": "+p.text
	}
	return []problem{p}
}

func atLeast(n int64) *int64 { return &n }

func object(required []string, fields map[string]shape) shape {
	return shape{typ: "object", required: required, fields: fields}
}

func listOf(item shape) shape { return shape{typ: "array", items: &item} }

func choice(values ...string) shape { return shape{typ: "string", oneOf: values} }

func count(least int64) shape { return shape{typ: "integer", least: &least} }

var (
	anyText     = shape{typ: "string"}
	someText    = shape{typ: "string", least: atLeast(1)}
	yesNo       = shape{typ: "boolean"}
	anything    = shape{}
	triggerList = shape{typ: "array", least: atLeast(1), items: &trigger}
	trigger     = object([]string{"metadata", "type"}, map[string]shape{
		"type": someText, "name": anyText, "metricType": anyText, "useCachedMetrics": yesNo,
		"metadata": {typ: "object", values: &anyText},
		"authenticationRef": object([]string{"name"}, map[string]shape{
			"name": anyText, "kind": choice("TriggerAuthentication", "ClusterTriggerAuthentication"),
		}),
	})
)

// kedaShapes are the schemas of KEDA 2.21, as far as they decide what is
// accepted. What they say of clouds and vaults, which the sandbox has none of,
// is left out.
var kedaShapes = map[string]shape{
	"ScaledObject":                 object([]string{"spec"}, map[string]shape{"spec": scaledObjectShape}),
	"ScaledJob":                    object(nil, map[string]shape{"spec": scaledJobShape}),
	"TriggerAuthentication":        object([]string{"spec"}, map[string]shape{"spec": authenticationShape}),
	"ClusterTriggerAuthentication": object([]string{"spec"}, map[string]shape{"spec": authenticationShape}),
}

var scaledObjectShape = shape{typ: "object", required: []string{"scaleTargetRef", "triggers"}, rule: minAtMostMax, fields: map[string]shape{
	"scaleTargetRef": object([]string{"name"}, map[string]shape{
		"name": someText, "kind": anyText, "apiVersion": anyText, "envSourceContainerName": anyText,
	}),
	"pollingInterval": count(1), "cooldownPeriod": count(0), "initialCooldownPeriod": count(0),
	"idleReplicaCount": count(0), "minReplicaCount": count(0), "maxReplicaCount": count(1),
	"advanced": object(nil, map[string]shape{
		"restoreToOriginalReplicaCount": yesNo,
		"horizontalPodAutoscalerConfig": object(nil, map[string]shape{
			"name":     anyText,
			"behavior": {typ: "object", into: func() any { return &autoscalingv2.HorizontalPodAutoscalerBehavior{} }},
		}),
		"scalingModifiers": object(nil, map[string]shape{
			"formula": anyText, "target": anyText, "activationTarget": anyText, "metricType": choice("AverageValue", "Value"),
		}),
	}),
	"fallback": object([]string{"failureThreshold", "replicas"}, map[string]shape{
		"failureThreshold": count(0), "replicas": count(0),
		"behavior": choice("static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower", "scalingModifiers"),
	}),
	"triggers": triggerList,
}}

var scaledJobShape = object([]string{"jobTargetRef", "triggers"}, map[string]shape{
	"jobTargetRef":           {typ: "object", into: func() any { return &batchv1.JobSpec{} }},
	"envSourceContainerName": anyText,
	"pollingInterval":        count(1), "minReplicaCount": count(0), "maxReplicaCount": count(1),
	"successfulJobsHistoryLimit": count(0), "failedJobsHistoryLimit": count(0),
	"rolloutStrategy": choice("gradual", "immediate"),
	"rollout": object(nil, map[string]shape{
		"strategy": choice("gradual", "immediate"), "propagationPolicy": choice("foreground", "background"),
	}),
	"scalingStrategy": object(nil, map[string]shape{
		"strategy":                          choice("default", "custom", "accurate", "eager"),
		"multipleScalersCalculation":        choice("min", "avg", "sum", "max"),
		"customScalingQueueLengthDeduction": {typ: "integer"},
		"customScalingRunningJobPercentage": anyText,
		"pendingPodConditions":              listOf(anyText),
	}),
	"triggers": triggerList,
})

var (
	reference           = object([]string{"key", "name", "parameter"}, map[string]shape{"parameter": anyText, "name": anyText, "key": anyText})
	authenticationShape = object(nil, map[string]shape{
		"secretTargetRef": listOf(reference), "configMapTargetRef": listOf(reference),
		"env":         listOf(object([]string{"name", "parameter"}, map[string]shape{"parameter": anyText, "name": anyText, "containerName": anyText})),
		"filePath":    anyText,
		"podIdentity": {typ: "object", required: []string{"provider"}, values: &anything},
		"boundServiceAccountToken": listOf(object([]string{"parameter", "serviceAccountName"}, map[string]shape{
			"parameter": anyText, "serviceAccountName": anyText,
		})),
		"hashiCorpVault": anything, "azureKeyVault": anything, "gcpSecretManager": anything, "awsSecretManager": anything,
		"oauth2": anything, "azureServicePrincipal": anything,
	})
)

// minAtMostMax is the one rule across fields that the CRD of a ScaledObject has.
func minAtMostMax(spec map[string]any, path *field.Path) []problem {
	number := func(name string, other int64) int64 {
		switch v := spec[name].(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		}
		return other
	}
	if number("minReplicaCount", 0) <= number("maxReplicaCount", 100) {
		return nil
	}
	return []problem{{path: path.Child("minReplicaCount").String(),
		text: path.String() + ": Invalid value: minReplicaCount must be less than or equal to maxReplicaCount"}}
}
