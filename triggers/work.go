package triggers

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
)

// Work is where the work of a trigger waits, as the trigger says: for every broker but
// Redis, which has [Redis]. [Work.Backlog] and [WorkOf] turn it into a backlog and back.
type Work struct {
	Type     string            `json:"type"`
	Metadata map[string]string `json:"is,omitempty"`    // of the trigger, but for what is secret or could not be shown as it is
	Resolve  bool              `json:"ask,omitempty"`   // the rest is to be had from elsewhere
	Own      string            `json:"own,omitempty"`   // whose, where not all triggers of this way share that: "demo/orders 0"; "" where they do
	Via      string            `json:"via,omitempty"`   // what the way to the server depends on beside its address; "" when nothing does
	Polling  time.Duration     `json:"every,omitempty"` // between two looks of KEDA's, where each look costs
}

// reader is a broker that kscope reads.
type reader struct {
	broker  string // its [kscope.Backlog.Broker]
	address string // parameters that name the server, the first that is set counts
	way     string // parameters beside it that the way there depends on, by blanks
	dear    bool   // each look is a query that somebody pays for
}

// readers are the trigger types whose work kscope asks the broker itself for.
var readers = map[string]reader{
	"activemq":         {broker: "activemq", address: "managementEndpoint|restAPITemplate", way: "username brokerName corsHeader"},
	"apache-kafka":     {broker: "kafka", address: "bootstrapServers", way: "sasl tls awsRegion"},
	"artemis-queue":    {broker: "artemis", address: "managementEndpoint|restApiTemplate", way: "username brokerName corsHeader unsafeSsl"},
	"aws-sqs-queue":    {broker: "sqs", address: "awsEndpoint|awsRegion", way: "identityOwner", dear: true},
	"azure-servicebus": {broker: "servicebus", address: "namespace", way: "cloud endpointSuffix", dear: true},
	"beanstalkd":       {broker: "beanstalkd", address: "server"},
	"external":         {broker: "http", address: "scalerAddress"},
	"external-push":    {broker: "http", address: "scalerAddress"},
	"gcp-pubsub":       {broker: "pubsub", way: "credentialsFromEnvFile", dear: true},
	"kafka":            {broker: "kafka", address: "bootstrapServers", way: "sasl tls unsafeSsl awsRegion"},
	"mysql":            {broker: "mysql", address: "host|connectionString", way: "port username dbName", dear: true},
	"nats-jetstream":   {broker: "nats", address: "natsServerMonitoringEndpoint", way: "useHttps account accountID"},
	"postgresql":       {broker: "postgresql", address: "host|connection", way: "port userName dbName sslmode", dear: true},
	"prometheus":       {broker: "prometheus", address: "serverAddress", way: "authModes unsafeSsl", dear: true},
	"rabbitmq":         {broker: "rabbitmq", address: "host", way: "vhostName protocol unsafeSsl"},
}

// BrokerOf is the one that kscope asks for the work of a trigger of this type, Redis aside.
func BrokerOf(typ string) string { return readers[typ].broker }

// Brokers are the names of all brokers that kscope asks for the work of a trigger, Redis
// aside, in order.
func Brokers() []string {
	all := map[string]bool{}
	for _, r := range readers {
		all[r.broker] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// HTTPRoute is the route whose requests an external trigger of KEDA's HTTP add-on counts:
// the name of an InterceptorRoute, or else of an HTTPScaledObject, in the namespace of the
// trigger. "" for any other external trigger.
func HTTPRoute(metadata map[string]string) string {
	return cmp.Or(strings.TrimSpace(metadata["interceptorRoute"]), strings.TrimSpace(metadata["httpScaledObject"]))
}

// RouteNamespace is the parameter that says of an [HTTPRoute] which namespace it is in.
const RouteNamespace = "routeNamespace"

// Origin is what a trigger belongs to, as far as it decides where its parameters come
// from.
type Origin struct {
	Object    kscope.Ref
	Index     int              // of the trigger
	Target    kscope.TargetRef // whose environment it is; of kind ScaledJob for a ScaledJob's own
	Container string           // envSourceContainerName, "" for the first
	Polling   time.Duration
	AuthKind  string
	AuthName  string // "" for none
}

// WorkBacklog is the backlog of a trigger of any broker but Redis; false for what kscope
// asks no broker about. Metadata is that of the API, shown what may be shown of it: what
// differs is secret, or long, and is to be asked for again.
func WorkBacklog(typ string, metadata, shown map[string]string, of Origin) (kscope.Backlog, bool) {
	r, ok := readers[typ]
	if !ok || r.broker == "http" && HTTPRoute(metadata) == "" {
		return kscope.Backlog{}, false
	}
	w := Work{Type: typ, Metadata: map[string]string{}}
	var via, variables []string
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		value := strings.TrimSpace(metadata[name])
		parameter, fromEnv := strings.CutSuffix(name, "FromEnv")
		switch {
		case value == "":
		case fromEnv:
			variables = append(variables, parameter+" "+value)
		case strings.TrimSpace(shown[name]) != value:
			w.Resolve, w.Own = true, of.Object.String()+" "+strconv.Itoa(of.Index)
			if r.leads(name) || MayBeSecret(name) {
				via = append(via, name+" of "+of.Object.String())
			}
		default:
			w.Metadata[name] = value
		}
	}
	if variables != nil {
		w.Resolve = true
		on := of.Target.Kind + " " + kscope.Ref{Namespace: of.Object.Namespace, Name: of.Target.Name}.String()
		if of.Container != "" {
			on += " container " + of.Container
		}
		via = append([]string{strings.Join(variables, ", ") + " of " + on}, via...)
	}
	if of.AuthName != "" {
		w.Resolve = true
		name := of.AuthName
		if of.AuthKind != "ClusterTriggerAuthentication" {
			name = kscope.Ref{Namespace: of.Object.Namespace, Name: name}.String()
		}
		via = append(via, of.AuthKind+" "+name)
	}
	for _, name := range strings.Fields(r.way) {
		if value := w.Metadata[name]; value != "" {
			via = append(via, name+" "+value)
		}
	}
	if r.dear {
		w.Polling = of.Polling
		via = append(via, "every "+of.Polling.String())
	}
	if r.broker == "http" { // the rest stands in an object beside the trigger
		w.Resolve, w.Own = true, kscope.Ref{Namespace: of.Object.Namespace, Name: HTTPRoute(metadata)}.String()
		w.Metadata[RouteNamespace] = of.Object.Namespace
	}
	w.Via = kscope.Clean(strings.Join(via, ", "))
	return w.Backlog(), true
}

// leads reports whether a parameter names the server.
func (r reader) leads(name string) bool {
	return slices.Contains(strings.Split(r.address, "|"), name)
}

// Address is the server as the trigger names it; "" where it comes from elsewhere.
func (w Work) Address() string {
	for _, name := range strings.Split(readers[w.Type].address, "|") {
		if v := w.Metadata[name]; v != "" {
			return v
		}
	}
	return ""
}

// Backlog is the identity of what is counted.
func (w Work) Backlog() kscope.Backlog {
	b := kscope.Backlog{Broker: readers[w.Type].broker, Server: w.server(), Name: types[w.Type].QueueName(w.Metadata)}
	if b.Name == "" {
		b.Name = w.Type
	}
	detail, _ := json.Marshal(w) // texts and numbers never fail
	b.Detail = string(detail)
	return b
}

// server names the server: its address where that says it all, in parentheses what else
// it takes.
func (w Work) server() string {
	at := w.Address()
	if i := strings.IndexByte(at, ','); i >= 0 {
		at = at[:i]
	}
	via := w.Via
	if at == "" && via == "" {
		via = "a " + w.Type + " trigger"
	}
	if via == "" {
		return at
	}
	return strings.TrimPrefix(at+" ("+via+")", " ")
}

// WorkOf is what a backlog stands for; the zero Work for one of Redis.
func WorkOf(b kscope.Backlog) (w Work) {
	if b.Detail != "" && b.Broker != RedisBroker {
		_ = json.Unmarshal([]byte(b.Detail), &w) // what another wrote names nothing
	}
	return w
}
