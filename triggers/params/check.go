package params

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// Object is whose trigger it is, for words of KEDA's that name it.
type Object struct{ Namespace, Name string }

// Check is the error with which KEDA refuses a trigger of a type that it has, nil if it
// takes it. All that is wrong is in it, a line each, as KEDA says it. What a type checks
// of its own beyond its parameters is known for Redis's six types.
func Check(of Object, typ string, v Values) error {
	begins, _ := section(typ)
	all := Of(typ)
	var errs []error
	for _, p := range all {
		if err := p.check(typ, v); err != nil {
			errs = append(errs, err)
		}
	}
	if err := together(typ, all, v); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return nil
	}
	begins = strings.NewReplacer("{name}", of.Name, "{namespace}", of.Namespace).Replace(begins)
	return fmt.Errorf("%s%w", begins, errors.Join(errs...))
}

// together is what is wrong with parameters that are right one by one.
func together(typ string, all []Parameter, v Values) error {
	s := said{all, v}
	switch {
	case strings.HasPrefix(typ, "redis"):
		return redis(all, v, strings.HasSuffix(typ, "-streams"))
	case typ == "rabbitmq":
		return rabbit(s)
	case typ == "cron":
		return cron(s)
	}
	for _, r := range own(typ) {
		if r.wrong(s) {
			return errors.New(r.says)
		}
	}
	return nil
}

// cron is what is wrong with a schedule, but for its time zone, which KEDA asks for at
// each poll.
func cron(s said) error {
	for _, which := range []string{"start", "end"} {
		if err := triggers.Schedule(s.text(which)); err != nil {
			return fmt.Errorf("error parsing %s schedule: %w", which, err)
		}
	}
	switch {
	case s.text("start") == s.text("end"):
		return errors.New("start and end can not have exactly same time input")
	case s.number("desiredReplicas") == 0:
		return errors.New("no desiredReplicas specified")
	}
	return nil
}

// places are KEDA's names of them.
var places = map[triggers.Place]string{triggers.Metadata: "triggerMetadata", triggers.Authentication: "authParams", triggers.Environment: "resolvedEnv"}

// name is how KEDA names a parameter.
func (p Parameter) name() string { return strings.Join(p.Names, ",") }

func (p Parameter) check(typ string, v Values) error {
	text, ok := v.Of(p)
	switch {
	case ok && p.Removed != "":
		return fmt.Errorf("scaler %s info: %s", typ, p.Removed)
	case !ok && p.Default != "":
		text = p.Default
	case !ok && (p.Optional || p.Removed != ""):
		return nil
	case !ok:
		var from []string
		for _, place := range p.Places {
			from = append(from, places[place])
		}
		return fmt.Errorf("missing required parameter %q in %v", p.name(), from)
	}
	elements := p.split(text)
	if p.Enum != nil && slices.ContainsFunc(elements, func(e string) bool { return !slices.Contains(p.Enum, e) }) {
		return fmt.Errorf("parameter %q value %q must be one of %v", p.name(), text, p.Enum)
	}
	some := slices.DeleteFunc(elements, func(e string) bool { return !slices.Contains(p.Exclusive, e) })
	if len(some) > 1 {
		return fmt.Errorf("parameter %q value %q must contain only one of %v", p.name(), text, p.Exclusive)
	}
	if err := p.read(text, p.Kind); err != nil {
		return fmt.Errorf("unable to set param %q value %q: %w", p.name(), text, err)
	}
	return nil
}
