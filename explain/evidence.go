package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// self is the object in evidence: "ScaledObject orders".
func self(c *store.Chain) string {
	switch {
	case c.ID.Kind == kscope.HPAs:
		return "HPA " + c.HPA.Ref.Name
	case c.ScaledJob != nil:
		return "ScaledJob " + c.ScaledJob.Ref.Name
	}
	return "ScaledObject " + c.ScaledObject.Ref.Name
}

// namespace is that of the whole chain.
func namespace(c *store.Chain) string {
	if c.ID.Namespace != "" {
		return c.ID.Namespace
	}
	return c.ScaledObject.Ref.Namespace
}

// kubectl is a command about things in the namespace of the chain.
func kubectl(c *store.Chain, words ...string) string {
	return command(append([]string{"kubectl", "-n", namespace(c)}, words...)...)
}

// plain is what a word may be made of that a shell takes as it stands.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"

// command is a line for a shell, each word quoted where it has to be.
func command(words ...string) string {
	for i, w := range words {
		if w == "" || strings.Trim(w, plain) != "" {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// conditionOf is a condition as evidence.
func conditionOf(object string, cond kscope.Condition) Evidence {
	value := cond.Status
	if cond.Reason != "" {
		value += ", " + cond.Reason
	}
	if cond.Message != "" {
		value += ": " + strings.TrimSpace(selector.ReplaceAllString(cond.Message, ""))
	}
	return Evidence{Object: object, Field: "condition " + cond.Type, Value: value, Since: cond.Since}
}

// settingOf is a field of the object's spec, or one of its annotations, as
// evidence.
func settingOf(c *store.Chain, field string, value any) Evidence {
	return Evidence{Object: self(c), Field: field, Value: fmt.Sprint(value)}
}

// warned is the newest warning of one of some reasons that was heard within a
// time; nil if none was.
func warned(c *store.Chain, now time.Time, within time.Duration, reasons ...string) *store.Warning {
	for i := range c.Warnings {
		w := &c.Warnings[i]
		if now.Sub(w.Heard) > within {
			return nil // the newest come first
		}
		for _, r := range reasons {
			if w.Reason == r {
				return w
			}
		}
	}
	return nil
}

// warningOf is a warning as evidence.
func warningOf(w *store.Warning) Evidence {
	return Evidence{Object: w.Regarding.Kind + " " + w.Regarding.Name, Field: "event " + w.Reason, Value: w.Note, Since: w.Heard}
}

// hpaName is the HPA in evidence.
func hpaName(c *store.Chain) string { return "HPA " + c.HPA.Ref.Name }

// describe is the move that shows all that Kubernetes says of a thing.
func describe(c *store.Chain, kind, name, effect string) Move {
	return Move{kubectl(c, "describe", kind, name), effect}
}

// describeSelf is the move that shows all that the cluster says of the object.
func describeSelf(c *store.Chain, effect string) Move {
	switch {
	case c.ID.Kind == kscope.HPAs:
		return describe(c, "hpa", c.HPA.Ref.Name, effect)
	case c.ScaledJob != nil:
		return describe(c, "scaledjob", c.ScaledJob.Ref.Name, effect)
	}
	return describe(c, "scaledobject", c.ScaledObject.Ref.Name, effect)
}

// operatorLogs is the move for what only KEDA's operator can tell.
func operatorLogs(effect string) Move {
	return Move{command("kubectl", "-n", "keda", "logs", "-l", "app=keda-operator", "--tail=50"), effect}
}

// Evidence is something observed that a finding rests on.
type Evidence struct {
	Object string    // "HPA keda-hpa-orders"
	Field  string    // "condition ScalingActive"
	Value  string    // as the cluster wrote it
	Since  time.Time // zero where that is not known
}

// Move is the one thing to do next about a finding.
type Move struct {
	Command string // to be copied into a shell: a look, or a fix; "" where no command helps
	Effect  string // what comes of it, a sentence
}

// On is the command for the cluster that flags of kubectl's choose; without them it is
// that of the current context.
func (m Move) On(flags []string) string {
	rest, ok := strings.CutPrefix(m.Command, "kubectl ")
	if !ok || len(flags) == 0 {
		return m.Command
	}
	return command(append([]string{"kubectl"}, flags...)...) + " " + rest
}
