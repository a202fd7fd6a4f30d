package manifests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestWords: what is said of a trouble, how much it matters, and what to do about it.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		manifests, rule string
		severity        Severity
		says, next      string
	}{
		{list("fallback: {failureThreshold: 3, replicas: 2}", ""), "fallbackNeverRuns", Warning,
			"While its server cannot be reached, the fallback does not run: KEDA connects when it builds a trigger of type redis, and counts one failure and no more while that fails, so failureThreshold 3 is not passed. It runs only where the server answers with an error.",
			"For when it is unreachable, give the workload a minReplicaCount that is enough."},
		{list("minReplicaCount: 1\ncooldownPeriod: 60", ""), "cooldownWithoutEnd", Note, "", "Leave it out"},
		{list("minReplicaCount: 1\npollingInterval: 5", ""), "pollingIsNoPace", Note, "", "Leave it out"},
		{list("minReplicaCount: 5\nmaxReplicaCount: 2", ""), notAccepted, Error, "", "Lower minReplicaCount, or raise maxReplicaCount"},
		{list("minReplicaCount: five", ""), notAccepted, Error, "", "Write a whole number, without quotes."},
		{list("fallback: {replicas: 2}", ""), notAccepted, Error, "", "Add failureThreshold."},
		{list("", `listLength: "five"`), "refused", Error, `listLength is "five", which is no whole number.`, `It must be a whole number, in quotes: "5".`},
		{list("", `enableTLS: "yes"`), "refused", Error, "neither true nor false", `It must be "true" or "false".`},
		{by("", `{type: redis, metadata: {address: redis, listName: l}}`), "refused", Error, "says no port", "Add the port: redis:6379, if it is the usual one of Redis."},
		{by("", `{type: redis, metadata: {listName: l}}`), "refused", Error, "no addresses", "Set address to HOST:PORT, such as redis:6379"},
		{by("", `{type: redis, metadata: {address: "r:1"}}`), "refused", Error, "listName", "Set listName in metadata."},
		{by("minReplicaCount: 1", `{type: cpu, metadata: {type: Utilization, value: "50"}}`), "refused", Error, "", "Write metricType: Utilization beside type: cpu, and take type out of metadata."},
		{by("", `{type: rabbitmq, metadata: {host: "amqp://r", queueName: q, mode: QueueLenght, value: "5"}}`), "refused", Error, "QueueLenght", "Is QueueLength meant?"},
		{by("", `{type: gcp-pubsub, metadata: {subscriptionName: s, subscriptionSize: "5", credentialsFromEnv: C}}`), "refused", Error, "subscriptionSize", "Take subscriptionSize out of metadata, and set mode and value."},
		{by("", `{type: kafka, metadata: {bootstrapServers: "k:1", consumerGroup: g, topic: t, offsetResetPolicy: never}}`), "refused", Error, "offsetResetPolicy", "Take one of latest, earliest."},
		{by("", `{type: aws-sqs-queue, metadata: {queueURL: "https://q"}}`), "refused", Error, "", "Have a TriggerAuthentication give awsRegion, and name it in authenticationRef; or set awsRegion in metadata"},
		{by("", `{type: redsi, metadata: {}}`), "refused", Error, "", "Is redis meant?"},
		{by("", `{type: nats, metadata: {}}`), "refused", Error, "", "https://keda.sh/docs/latest/scalers lists"},
		{by("", strings.ReplaceAll(fromEnv, "§", "")) + "---\n" + workload("Deployment", "", ""), "variableMissing", Error, "has no variable REDIS, and KEDA takes address for empty and refuses the ScaledObject.", "Name a variable"},
		{list("", "passwordFromEnv: SECRET") + "---\n" + workload("Deployment", "", ""), "variableMissing", Warning, "KEDA takes password for empty.", "Name a variable"},
		{by("", `{type: rabbitmq, metadata: {queueName: q, mode: QueueLength, value: "5"}}`), "refused", Error, "missing required parameter", "Have a TriggerAuthentication give host"},
		{by("", `{type: rabbitmq, metadata: {host: "amqp://r", queueName: q, mode: QueueLength, value: five}}`), "refused", Error, "value is", "It must be a number"},
	} {
		found := false
		for _, f := range Read([]string{"-"}, strings.NewReader(tt.manifests)).Findings {
			if f.Rule != tt.rule {
				continue
			}
			found = true
			if f.Severity != tt.severity || !strings.Contains(f.Says, tt.says) || !strings.Contains(f.Next, tt.next) {
				t.Errorf("%s: %q, and next %q; want %s: %q, %q", f.Severity, f.Says, f.Next, tt.severity, tt.says, tt.next)
			}
		}
		if !found {
			t.Errorf("no %s in\n%s", tt.rule, tt.manifests)
		}
	}
}

// TestOneCause: what comes of a variable that is missing is told once, and what else is
// wrong as well.
func TestOneCause(t *testing.T) {
	rabbit := `{type: rabbitmq, metadata: {hostFromEnv: RABBIT, queueName: q, mode: %s, value: "5"}}`
	for mode, want := range map[string][]string{"QueueLength": {"variableMissing"}, "MessageRate": {"variableMissing"}, "QueueLenght": {"refused", "variableMissing"}} {
		var got []string
		for _, f := range Read([]string{"-"}, strings.NewReader(by("", fmt.Sprintf(rabbit, mode))+"---\n"+workload("Deployment", "", ""))).Findings {
			got = append(got, f.Rule)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("mode %s: %v, want %v", mode, got, want)
		}
	}
}
