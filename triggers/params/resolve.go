package params

import (
	"strings"

	"github.com/kscope/kscope/triggers"
)

// OfTrigger is where a parameter came from that the trigger itself gives, in words.
const OfTrigger = "the trigger itself"

// others are parameters that KEDA reads by other means than its tables, by trigger type.
var others = map[string][]Parameter{
	"aws-sqs-queue": {
		{Names: []string{"awsAccessKeyID"}, Places: []triggers.Place("AME")}, {Names: []string{"awsAccessKeyId"}, Places: []triggers.Place("A")},
		{Names: []string{"awsSecretAccessKey"}, Places: []triggers.Place("AE")},
		{Names: []string{"awsSessionToken"}, Places: []triggers.Place("A")}, {Names: []string{"awsRoleArn"}, Places: []triggers.Place("A")},
	},
	"prometheus": {
		{Names: []string{"awsAccessKeyID"}, Places: []triggers.Place("AME")}, {Names: []string{"awsSecretAccessKey"}, Places: []triggers.Place("AE")},
		{Names: []string{"awsRoleArn"}, Places: []triggers.Place("A")}, {Names: []string{"GoogleApplicationCredentials"}, Places: []triggers.Place("A")},
		{Names: []string{"credentials"}, Places: []triggers.Place("E")},
	},
	"gcp-pubsub": {{Names: []string{"GoogleApplicationCredentials"}, Places: []triggers.Place("A")}},
}

// Resolve is what KEDA would use of a trigger of a type: for each parameter the first value
// that is not blank, place by place in KEDA's order, and in each name by name, else its
// default; and all that its metadata have beside. At finds the value that stands in
// another place than these under a name, and says in words where that is; for the
// environment the name is the parameter's own, whose FromEnv names the variable.
func Resolve(typ string, metadata map[string]string, at func(place triggers.Place, name string) (value, from string, err error)) (triggers.Parameters, error) {
	out := triggers.Parameters{Type: typ, Values: map[string]string{}, From: map[string]string{}}
	for name, value := range metadata {
		if value = strings.TrimSpace(value); value != "" && !strings.HasSuffix(name, "FromEnv") {
			out.Values[name] = value
		}
	}
	all := Of(typ)
	for _, p := range append(all[:len(all):len(all)], others[typ]...) {
		delete(out.Values, p.Names[0])
		value, from, err := p.first(metadata, at)
		if err != nil {
			return triggers.Parameters{}, err
		}
		if value == "" {
			value = p.Default
		}
		if value != "" {
			out.Values[p.Names[0]] = value
		}
		if from != "" {
			out.From[p.Names[0]] = from
		}
	}
	return out, nil
}

func (p Parameter) first(metadata map[string]string, at func(place triggers.Place, name string) (value, from string, err error)) (value, from string, err error) {
	for _, place := range p.Places {
		for _, name := range p.Names {
			if place == triggers.Metadata {
				value, from = metadata[name], OfTrigger
			} else if value, from, err = at(place, name); err != nil {
				return "", "", err
			}
			if value = strings.TrimSpace(value); value != "" {
				return value, from, nil
			}
		}
	}
	return "", "", nil
}

// Written is what KEDA would use of a trigger whose metadata say all.
func Written(typ string, metadata map[string]string) triggers.Parameters {
	out, _ := Resolve(typ, metadata, func(triggers.Place, string) (string, string, error) { return "", "", nil }) // which never fails
	return out
}

// Like is what KEDA would use of a trigger that has what is not in its metadata from the
// same places as another of its type, of which that is known.
func Like(known triggers.Parameters, metadata map[string]string) triggers.Parameters {
	out, _ := Resolve(known.Type, metadata, func(_ triggers.Place, name string) (string, string, error) { // nor does this
		if from := known.From[name]; from != OfTrigger {
			if from == "" {
				return "", "", nil
			}
			return known.Values[name], from, nil
		}
		return "", "", nil
	})
	out.Missing, out.Identity, out.PerWorkload = known.Missing, known.Identity, known.PerWorkload
	return out
}
