package params

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// said is what a trigger says, by the names of its parameters, with their defaults; what
// cannot be read is nothing, as it is to KEDA.
type said struct {
	all []Parameter
	v   Values
}

func (s said) text(name string) string {
	for _, p := range s.all {
		if !slices.Contains(p.Names, name) {
			continue
		}
		text, ok := s.v.Of(p)
		if !ok {
			text = p.Default
		}
		if p.read(text, p.Kind) != nil {
			return ""
		}
		return text
	}
	return ""
}

func (s said) has(name string) bool { return s.text(name) != "" }

func (s said) is(name string) bool { return s.text(name) == "true" }

func (s said) number(name string) float64 {
	n, _ := strconv.ParseFloat(s.text(name), 64)
	return n
}

// rule is something that a type wants beyond each of its parameters, and what KEDA says
// where it is not so.
type rule struct {
	says  string
	wrong func(s said) bool
	gives string // the parameter that mends it, "" where none does
}

// Of rules, which hold where something is so.
func lacks(name, says string) rule {
	return rule{says, func(s said) bool { return !s.has(name) }, name}
}

func notAbove(name string, least float64, says string) rule {
	return rule{says, func(s said) bool { return s.number(name) <= least }, name}
}

func below(name string, least float64, says string) rule {
	return rule{says, func(s said) bool { return s.number(name) < least }, ""}
}

func one(a, b, says string) rule {
	return rule{says, func(s said) bool { return s.has(a) != s.has(b) }, ""}
}

func both(a, b, says string) rule {
	return rule{says, func(s said) bool { return s.has(a) && s.has(b) }, ""}
}

func neither(a, b, says string) rule {
	return rule{says, func(s said) bool { return !s.has(a) && !s.has(b) }, a}
}

func when(so func(s said) bool, rules ...rule) (out []rule) {
	for _, r := range rules {
		out = append(out, rule{r.says, func(s said) bool { return so(s) && r.wrong(s) }, r.gives})
	}
	return out
}

func without(name string) func(s said) bool { return func(s said) bool { return !s.has(name) } }
func with(name string) func(s said) bool    { return func(s said) bool { return s.has(name) } }
func saying(name, text string) func(s said) bool {
	return func(s said) bool { return s.text(name) == text }
}

// own is what each type wants, in KEDA's order: the first that is wrong is told.
func own(typ string) []rule {
	switch typ {
	case "activemq":
		return when(without("restAPITemplate"), lacks("managementEndpoint", "no management endpoint given"), lacks("destinationName", "no destination name given"), lacks("brokerName", "no broker name given"))
	case "apache-kafka":
		return []rule{notAbove("lagThreshold", 0, "lagThreshold must be a positive number"), below("activationLagThreshold", 0, "activationLagThreshold must be a positive number"),
			idle("allowIdleConsumers", "limitToPartitionsWithLag"), topicFor("limitToPartitionsWithLag")}
	case "kafka":
		return []rule{notAbove("lagThreshold", 0, `"lagThreshold" must be positive number`), below("activationLagThreshold", 0, `"activationLagThreshold" must be a non-negative number`),
			idle("allowIdleConsumers", "limitToPartitionsWithLag"), topicFor("limitToPartitionsWithLag"),
			idle("limitToPartitionsWithLag", "ensureEvenDistributionOfPartitions"), topicFor("ensureEvenDistributionOfPartitions"),
			{"topic must be specified when fullMetadata is false", func(s said) bool { return s.text("fullMetadata") == "false" && !s.has("topic") }, "topic"}}
	case "artemis-queue":
		return append(when(without("restApiTemplate"), lacks("managementEndpoint", "no management endpoint given"), lacks("queueName", "no queue name given"), lacks("brokerName", "no broker name given"), lacks("brokerAddress", "no broker address given")),
			one("cert", "key", "both cert and key must be provided"))
	case "aws-cloudwatch":
		return when(without("expression"), lacks("namespace", "namespace not given"), lacks("metricName", "metric name not given"), lacks("dimensionName", "dimension name not given"), lacks("dimensionValue", "dimension value not given"))
	case "azure-cosmosdb":
		return []rule{notAbove("changeFeedLagThreshold", 0, "changeFeedLagThreshold must be greater than zero"), below("activationChangeFeedLagThreshold", 0, "activationChangeFeedLagThreshold must be greater than or equal to zero")}
	case "azure-eventhub":
		return []rule{notAbove("unprocessedEventThreshold", 0, `"unprocessedEventThreshold" must be a positive number`)}
	case "azure-servicebus":
		return slices.Concat(
			when(with("queueName"), rule{"subscription name provided with queue name", with("subscriptionName"), ""}),
			when(with("topicName"), rule{"both topic and queue name metadata provided", with("queueName"), ""}, lacks("subscriptionName", "no subscription name provided with topic name")),
			[]rule{neither("queueName", "topicName", "no service bus entity type set")})
	case "cassandra":
		return []rule{{"no port given", func(s said) bool {
			_, port, _ := strings.Cut(s.text("clusterIPAddress"), ":")
			return s.number("port") == 0 && port == ""
		}, "port"}}
	case "couchdb":
		return when(without("connectionString"), lacks("host", "no host given"), lacks("port", "no port given"), lacks("username", "no username given"), lacks("password", "no password given"), lacks("dbName", "no dbName given"))
	case "datadog":
		direct := func(s said) bool { return !s.is("useClusterAgentProxy") }
		return when(direct, lacks("appKey", "missing AppKey"), lacks("apiKey", "missing APIKey"))
	case "dynatrace":
		return []rule{neither("metricSelector", "query", "either 'metricSelector' or 'query' must be provided"), both("metricSelector", "query", "'metricSelector' and 'query' are mutually exclusive; only one can be provided"),
			both("query", "from", "'from' can't be used with query, set time range in the DQL query itself")}
	case "elasticsearch":
		cloud := func(s said) bool { return s.has("cloudID") || s.has("apiKey") }
		direct := func(s said) bool { return s.has("addresses") || s.has("username") || s.has("password") }
		return []rule{{"can't provide both cloud config and endpoint addresses", func(s said) bool { return cloud(s) && direct(s) }, ""},
			{"must provide either cloud config or endpoint addresses", func(s said) bool { return !cloud(s) && !direct(s) }, "cloudID"},
			{"both cloudID and apiKey must be provided when cloudID or apiKey is used", func(s said) bool { return s.has("cloudID") != s.has("apiKey") }, "apiKey"},
			{"both username and password must be provided when addresses is used", func(s said) bool { return s.has("addresses") && (!s.has("username") || !s.has("password")) }, ""},
			neither("searchTemplateName", "query", "either searchTemplateName or query must be provided"), both("searchTemplateName", "query", "cannot provide both searchTemplateName and query")}
	case "etcd":
		return []rule{notAbove("watchProgressNotifyInterval", 0, "watchProgressNotifyInterval must be greater than 0"),
			{"username must be provided with password", func(s said) bool { return s.has("password") && !s.has("username") }, "username"},
			{"password must be provided with username", func(s said) bool { return s.has("username") && !s.has("password") }, "password"}}
	case "gcp-pubsub":
		return []rule{{"exactly one of subscription or topic name must be given", func(s said) bool { return s.has("subscriptionName") == s.has("topicName") }, "subscriptionName"}}
	case "gcp-stackdriver":
		return []rule{{"alignmentPeriodSeconds must be at least 60", func(s said) bool { n := s.number("alignmentPeriodSeconds"); return n != 0 && n < 60 }, ""}}
	case "gcp-storage":
		return []rule{notAbove("targetObjectCount", 0, "targetObjectCount must be a positive number"), below("activationTargetObjectCount", 0, "activationTargetObjectCount must be a positive number"), notAbove("maxBucketItemsToScan", 0, "maxBucketItemsToScan must be a positive number")}
	case "github-runner":
		return []rule{{"no personalAccessToken/bearerToken or appKey given", func(s said) bool {
			return !s.has("appKey") && !s.has("personalAccessToken") && !strings.Contains(s.text("authModes"), "bearer")
		}, "personalAccessToken"}}
	case "ibmmq":
		return []rule{{`invalid URL: parse "": empty url`, without("host"), "host"}, one("cert", "key", "both cert and key must be provided when using TLS")}
	case "influxdb":
		return append(when(saying("influxVersion", "3"), lacks("database", "database is required if influxVersion is 3"), lacks("metricKey", "metricKey is required if influxVersion is 3")),
			when(saying("influxVersion", "2"), lacks("organizationName", "organizationName is required if influxVersion is 2"))...)
	case "mongodb":
		return when(without("connectionString"), lacks("host", "no host given"),
			rule{"no port given", func(s said) bool { return !s.has("port") && s.text("scheme") != "mongodb+srv" }, "port"}, lacks("username", "no username given"), lacks("password", "no password given"))
	case "mssql":
		return []rule{neither("connectionString", "host", "must provide either connectionstring or host")}
	case "nsq":
		return []rule{lacks("nsqLookupdHTTPAddresses", "no nsqLookupdHTTPAddresses given"), notAbove("depthThreshold", 0, "depthThreshold must be a positive integer"), below("activationDepthThreshold", 0, "activationDepthThreshold must be greater than or equal to 0")}
	case "postgresql":
		return when(without("connection"), lacks("host", "no host given"), lacks("port", "no port given"), lacks("userName", "no userName given"), lacks("dbName", "no dbName given"), lacks("sslmode", "no sslmode given"))
	case "rabbitmq": // as far as they say what is missing; see rabbit
		return []rule{{"mode must be specified", func(s said) bool { return s.has("value") && s.text("mode") == unknownMode }, "mode"},
			{"value must be specified", func(s said) bool { return !s.has("value") && s.text("mode") != unknownMode }, "value"}}
	case "solace-event-queue":
		return []rule{{"no target value found in the scaler configuration", func(s said) bool {
			return s.number("messageCountTarget") < 1 && s.number("messageSpoolUsageTarget") < 1 && s.number("messageReceiveRateTarget") < 1
		}, "messageCountTarget"}}
	case "temporal":
		return []rule{below("targetQueueSize", 0, "targetQueueSize must be a positive number"), below("activationTargetQueueSize", 0, "activationTargetQueueSize must be a positive number"), one("cert", "key", "both cert and key must be provided when using TLS"),
			one("workerDeploymentName", "workerDeploymentBuildId", "workerDeploymentName and workerDeploymentBuildId must both be set")}
	}
	return nil
}

func idle(a, b string) rule {
	return rule{a + " and " + b + " cannot be set simultaneously", func(s said) bool { return s.is(a) && s.is(b) }, ""}
}

func topicFor(name string) rule {
	return rule{"topic must be specified when using " + name, func(s said) bool { return s.is(name) && !s.has("topic") }, "topic"}
}

// unknownMode is RabbitMQ's while none is given.
const unknownMode = "Unknown"

// rabbit is what KEDA checks of a RabbitMQ trigger.
func rabbit(s said) error {
	scheme, _, _ := strings.Cut(s.text("host"), ":")
	if !strings.Contains(s.text("host"), ":") {
		scheme = ""
	}
	protocol := s.text("protocol")
	modes := []string{"QueueLength", "MessageRate", "DeliverGetRate", "PublishedToDeliveredRatio", "ExpectedQueueConsumptionTime"}
	mode, length, value := s.text("mode"), s.number("queueLength"), s.number("value")
	unknown := mode == unknownMode
	switch {
	case s.has("cert") != s.has("key"):
		return fmt.Errorf("both key and certificate must be provided")
	case s.number("pageSize") < 1:
		return fmt.Errorf("pageSize should be 1 or greater")
	case s.has("username") != s.has("password"):
		return fmt.Errorf("username and password must be given together")
	case protocol == "auto" && !slices.Contains([]string{"amqp", "amqps", "http", "https"}, scheme):
		return fmt.Errorf("unknown host URL scheme: `%s`", scheme)
	}
	http := protocol == "http" || protocol == "auto" && strings.HasPrefix(scheme, "http")
	switch {
	case s.is("useRegex") && !http:
		return fmt.Errorf("configure useRegex=true only with HTTP protocol")
	case s.is("excludeUnacknowledged") && !http:
		return fmt.Errorf("configure excludeUnacknowledged=true only with HTTP protocol")
	case length == 0 && unknown && value == 0:
		return nil
	case length != 0 && (!unknown || value != 0):
		return fmt.Errorf("queueLength is deprecated; use mode and value")
	case length != 0:
		return nil
	case unknown:
		return fmt.Errorf("mode must be specified")
	case value == 0:
		return fmt.Errorf("value must be specified")
	case !slices.Contains(modes, mode):
		return fmt.Errorf("trigger mode %s must be one of %s or %s", mode, strings.Join(modes[:4], ", "), modes[4])
	case mode != modes[0] && !http:
		return fmt.Errorf("protocol amqp not supported; must be HTTP to use trigger mode %s", mode)
	}
	return nil
}
