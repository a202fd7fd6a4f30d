package jolokia

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/kscope/kscope"
)

// refused is why a queue was not read, or did not take something, in words.
func (k *kind) refused(at place, a answer) *kscope.Trouble {
	said := a.Error
	if _, after, ok := strings.Cut(said, " : "); ok { // a class of Java
		said = after
	}
	said = kscope.Clean(said)
	switch {
	case a.Status == notThere && strings.Contains(a.Kind+a.Error, "AttributeNotFound"):
		return &kscope.Trouble{Message: "the queue has no attribute " + kscope.Clean(at.attribute), Hint: "check the end of " + k.template}
	case a.Status == notThere:
		return &kscope.Trouble{Message: fmt.Sprintf("there is no %s there", k.shown(at)), Hint: "it may be made when it is first used; check the names in the trigger"}
	case a.Status == http.StatusForbidden || strings.Contains(a.Kind+a.Error, "SecurityException"):
		return &kscope.Trouble{Message: fmt.Sprintf("the user may not do that with %s: %s", k.shown(at), said), Hint: "give the user a role that may, in management.xml of Artemis or jolokia-access.xml"}
	case a.Status == http.StatusBadRequest:
		return &kscope.Trouble{Message: "Jolokia makes no sense of the name of the queue: " + said, Hint: "check the names in the trigger"}
	}
	return &kscope.Trouble{Message: fmt.Sprintf("Jolokia answers %d: %s", a.Status, said)}
}

// shown is what an MBean is of, as people call it.
func (k *kind) shown(at place) string {
	plain := func(key string) string { return kscope.Clean(strings.Trim(at.property(key), `"`)) }
	queue := plain(k.queue)
	if queue == "" {
		return "MBean " + kscope.Clean(at.mbean)
	}
	text := "queue " + queue
	if address := plain("address"); address != "" && address != queue {
		text += " at address " + address
	}
	return text
}

// missing is that a queue is not there, with where it is instead, or how the broker is
// really called, as far as the agent lets itself be searched.
func (k *client) missing(ctx context.Context, at place, is error) error {
	queue := at.property(k.queue)
	if queue == "" || strings.ContainsAny(queue, "*?") {
		return is
	}
	brokers := k.domain + ":" + k.broker + "=*"
	if k.kind == &classic {
		brokers = k.domain + ":type=Broker," + k.broker + "=*"
	}
	answers, err := k.call(ctx, []request{{Type: "search", MBean: k.domain + ":" + k.queue + "=" + queue + ",*"}, {Type: "search", MBean: brokers}})
	if err != nil {
		return is // nobody asked for more
	}
	hint := k.elsewhere(at, found(answers[0]), found(answers[1]))
	if hint == "" {
		return is
	}
	return &kscope.Trouble{Message: is.Error(), Hint: hint}
}

// elsewhere says where a queue of that name is, or what brokers there are; "" where
// neither explains that it was not found.
func (k *kind) elsewhere(at place, queues, brokers []string) string {
	plain := func(mbean, key string) string { return kscope.Clean(strings.Trim(propertyOf(mbean, key), `"`)) }
	for _, name := range queues {
		if kind := propertyOf(name, "destinationType"); kind != "" && kind != "Queue" || k == &artemis && propertyOf(name, "subcomponent") != "queues" || propertyOf(name, "endpoint") != "" {
			continue
		}
		text := "one of that name is at broker " + plain(name, k.broker)
		if address := plain(name, "address"); address != "" {
			text += fmt.Sprintf(", address %s, %s", address, plain(name, "routing-type"))
		}
		return text
	}
	var all []string
	for _, name := range brokers {
		if propertyOf(name, k.broker) == at.property(k.broker) {
			return ""
		}
		all = append(all, plain(name, k.broker))
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return "the broker is called " + strings.Join(all[:min(3, len(all))], ", ") + " there: check brokerName"
}

// found are the MBeans that a search found, in order.
func found(a answer) (out []string) {
	all, _ := a.Value.([]any)
	for _, name := range all {
		if text, ok := name.(string); ok {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}
