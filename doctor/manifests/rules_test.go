package manifests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// so is a ScaledObject of Deployment w in a namespace, with more of its spec.
func so(name, spec string) string {
	return "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: " + name + ", namespace: shop}\nspec:\n" + indent(2, spec)
}

// indent is lines, each further in.
func indent(n int, text string) string {
	return strings.Repeat(" ", n) + strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n"+strings.Repeat(" ", n)) + "\n"
}

// list is a ScaledObject by a list of Redis, with more of its spec and of its trigger.
func list(spec, metadata string) string {
	return so("a", "scaleTargetRef: {name: w}\n"+spec+"\ntriggers:\n- type: redis\n  metadata:\n    address: redis:6379\n    listName: l\n"+indent(4, metadata))
}

// triggers is a ScaledObject with triggers in one line each.
func by(spec string, triggers ...string) string {
	return so("a", "scaleTargetRef: {name: w}\n"+spec+"\ntriggers:\n- "+strings.Join(triggers, "\n- "))
}

const (
	cpu     = `{type: cpu, metricType: Utilization, metadata: {value: "50"}}`
	metrics = `{type: prometheus, metadata: {serverAddress: "http://p", query: q, threshold: "5"}}`
)

func workload(kind, spec, container string) string {
	return "apiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: w, namespace: shop}\nspec:\n" + indent(2, spec+
		"\nselector: {matchLabels: {app: w}}\ntemplate:\n  metadata: {labels: {app: w}}\n  spec:\n    containers:\n    - name: c\n      image: x:1\n"+indent(6, container))
}

func job(spec, triggers string) string {
	return "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: j, namespace: shop}\nspec:\n  jobTargetRef: {template: {spec: {containers: [{name: c, image: x:1}], restartPolicy: Never}}}\n" +
		indent(2, spec) + "  triggers:\n  - " + triggers + "\n"
}

func hpa(annotations string) string {
	return "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop, annotations: {" + annotations + "}}\n" +
		"spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: w}\n  maxReplicas: 3\n"
}

const (
	stream      = `{type: redis-streams, metadata: {address: "r:1", stream: s, §consumerGroup: g}}`
	lag         = `{type: redis-streams, metadata: {address: "r:1", stream: s, consumerGroup: g, lagCount: "5"}}`
	fromEnv     = `{type: redis, metadata: {§addressFromEnv: REDIS, listName: l}}`
	secret      = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {password: x}\n"
	loginPrefix = "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: t, namespace: shop}\nspec:\n  secretTargetRef:\n  - {parameter: password, name: "
)

// cases are, for each rule, manifests in which it finds something at each § and nowhere
// else, and manifests much like them in which it finds nothing.
var cases = []struct {
	rule         string
	found, other []string
}{
	{notAccepted,
		[]string{list("§minReplicaCount: 5\nmaxReplicaCount: 2", ""), list("§minReplicas: 5", ""), list("", "§listLength: 5"), "a: b\n§a: c\n", list("§minReplicas: 5\n§pollingInterval: 0", "§listLength: 5"), hpa("") + "  §minReplica: 1\n  §metric: []\n"},
		[]string{list("minReplicaCount: 2\nmaxReplicaCount: 2", `listLength: "5"`)}},
	{noManifest, []string{list("", "") + "---\n§apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"}, []string{list("", "") + "---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"}},
	{"refused",
		[]string{list("minReplicaCount: 2\n§idleReplicaCount: 2", ""), list("§idleReplicaCount: 0", ""),
			list("", `§listLength: many`), by("", `{§type: redsi, metadata: {}}`), by("", `{type: redis, §metadata: {address: "r:1"}}`),
			by("", `{type: cron, §metadata: {timezone: UTC, start: 0 6 * * *, end: 0 6 * * *, desiredReplicas: "3"}}`),
			by("", `{type: cpu, metricType: Utilization, §useCachedMetrics: true, metadata: {value: "5"}}`, metrics),
			by("", `{type: prometheus, name: x, metadata: {serverAddress: "http://p", query: q, threshold: "5"}}`, `{type: prometheus, §name: x, metadata: {serverAddress: "http://q", query: q, threshold: "5"}}`),
			job("", `{§type: nats, metadata: {}}`), strings.Replace(by("fallback: {failureThreshold: 3, replicas: 2, behavior: scalingModifiers}", metrics), "api", "§api", 1), strings.Replace(loginPrefix, "api", "§api", 1) + "s, key: k}\n  podIdentity: {provider: azure-workload, identityId: \"\"}\n",
			strings.Replace(list("", ""), "{name: a,", `{annotations: {§autoscaling.keda.sh/paused-replicas: "two"}, name: a,`, 1)},
		[]string{list("minReplicaCount: 2\nidleReplicaCount: 0", ""), list("minReplicaCount: 0\nidleReplicaCount: 0", ""), by("", strings.ReplaceAll(fromEnv, "§", "")),
			by("", `{type: redis, metadata: {listName: l}, authenticationRef: {name: t}}`), by("", `{type: rabbitmq, metadata: {queueName: q}, authenticationRef: {name: t}}`),
			by("", `{type: postgresql, metadata: {query: q, targetQueryValue: "5", connectionFromEnv: PG}}`),
			by("", `{type: solace-direct-messaging, metadata: {solaceSempBaseURL: u, messageVpn: v, clientNamePattern: c}, authenticationRef: {name: t}}`),
			by("", strings.ReplaceAll(fromEnv, "§", "")) + "---\n" + workload("Deployment", "", "env: [{name: REDIS, valueFrom: {secretKeyRef: {name: other, key: k}}}]"),
			by("", strings.ReplaceAll(fromEnv, "§", "")) + "---\n" + workload("Deployment", "", "env: [{name: REDIS, value: redis:6379}]")}},
	{"twoMasters",
		[]string{list("", "") + "---\n" + so("b", "§scaleTargetRef: {name: w, kind: Deployment}\ntriggers: ["+metrics+"]")},
		[]string{list("", "") + "---\n" + so("b", "scaleTargetRef: {name: w, kind: StatefulSet}\ntriggers: ["+metrics+"]"),
			list("", "") + "---\n" + strings.Replace(so("b", "scaleTargetRef: {name: w}\ntriggers: ["+metrics+"]"), "shop", "other", 1)}},
	{"twoHPAs",
		[]string{hpa("") + "---\n" + so("a", "§scaleTargetRef: {name: w}\ntriggers: ["+metrics+"]")},
		[]string{hpa(`validations.keda.sh/hpa-ownership: "false"`) + "---\n" + list("", ""), hpa("") + "---\n" + strings.Replace(list("", ""), "name: w", "name: v", 1)}},
	{"sameHPAName",
		[]string{list("", "") + "---\n" + so("b", "scaleTargetRef: {name: v}\nadvanced: {horizontalPodAutoscalerConfig: {§name: keda-hpa-a}}\ntriggers: ["+metrics+"]")},
		[]string{list("", "") + "---\n" + so("b", "scaleTargetRef: {name: v}\nadvanced: {horizontalPodAutoscalerConfig: {name: other}}\ntriggers: ["+metrics+"]")}},
	{"neverSleeps", []string{by("§minReplicaCount: 0", cpu)}, []string{by("minReplicaCount: 1", cpu), by("minReplicaCount: 0", cpu, metrics)}},
	{"fallbackWithoutMetric", []string{by("minReplicaCount: 1\n§fallback: {failureThreshold: 3, replicas: 2}", cpu)}, []string{by("fallback: {failureThreshold: 3, replicas: 2}", cpu, metrics)}},
	{"noRequests",
		[]string{by("minReplicaCount: 1", cpu) + "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: other}\nspec: {limits: [{type: Container, default: {cpu: 1}}]}\n---\n" + workload("Deployment", "", "§resources: {}"),
			by("minReplicaCount: 1", cpu) + "---\n" + workload("Deployment", "", "§resources: {limits: {memory: 1Gi}}"), hpa("") + "---\n" + workload("Deployment", "", "§resources: {}")},
		[]string{by("minReplicaCount: 1", cpu) + "---\n" + workload("Deployment", "", "resources: {limits: {cpu: 1}}"),
			by("minReplicaCount: 1", cpu) + "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: shop}\nspec: {limits: [{type: Container, default: {cpu: 1}}]}\n---\n" + workload("Deployment", "", "resources: {}"), by("", metrics) + "---\n" + workload("Deployment", "", ""),
			by("minReplicaCount: 1", strings.Replace(cpu, `"50"`, `"50", containerName: other`, 1)) + "---\n" + workload("Deployment", "", "")}},
	{"activationAboveTarget",
		[]string{list("", "listLength: \"5\"\n§activationListLength: \"6\""), list("idleReplicaCount: 0\nminReplicaCount: 2", `§activationListLength: "100"`),
			by("", `{type: artemis-queue, metadata: {managementEndpoint: "a:1", queueName: q, brokerName: b, brokerAddress: a, username: u, password: p, §queueLength: "5"}}`),
			job("", `{type: kafka, metadata: {bootstrapServers: "k:1", consumerGroup: g, topic: t, lagThreshold: "10", §activationLagThreshold: "50"}}`),
			by("advanced: {scalingModifiers: {formula: x, target: \"5\", §activationTarget: \"50\"}}", strings.Replace(metrics, "{type", "{name: x, type", 1))},
		[]string{list("", "listLength: \"5\"\nactivationListLength: \"5\""), list("minReplicaCount: 1", `activationListLength: "100"`), by("", metrics)}},
	{"neverWakes", []string{by("", stream)}, []string{by("", lag), by("", strings.ReplaceAll(stream, "§", ""), metrics), by("minReplicaCount: 1", strings.ReplaceAll(stream, "§", ""))}},
	{"idleTug", []string{list("minReplicaCount: 3\n§idleReplicaCount: 1", "")}, []string{list("minReplicaCount: 3\nidleReplicaCount: 0", ""), list("minReplicaCount: 1\nidleReplicaCount: 1", "")}},
	{"misspelt", []string{list("", `§listLenght: "1"`), by("", metrics, `{type: kafka, metadata: {bootstrapServers: "k:1", consumerGroup: g, topic: t, §lagTreshold: "50"}}`)}, []string{list("", `listLength: "1"`)}},
	{"nameTooLong",
		[]string{strings.Replace(list("", ""), "{name: a,", "{§name: "+strings.Repeat("a", 55)+",", 1), strings.Replace(list("", ""), "{name: a,", "{§name: "+strings.Repeat("a", 64)+",", 1),
			list("advanced: {horizontalPodAutoscalerConfig: {§name: "+strings.Repeat("a", 64)+"}}", "")},
		[]string{strings.Replace(list("", ""), "{name: a,", "{name: "+strings.Repeat("a", 54)+",", 1)}},
	{"unknownSetting",
		[]string{list("", "§databseIndex: \"1\"\n§metricType: Value\n§more: x"), job("", `{type: redis, metadata: {address: "r:1", listName: l, §Listname: x}}`)},
		[]string{list("", "databaseIndex: \"1\"\npasswordFromEnv: P\nlistLenght: \"1\""), by("", `{type: external, metadata: {scalerAddress: "a:1", anything: x}}`),
			by("", `{type: aws-sqs-queue, metadata: {queueURL: "https://q", awsRegion: r, awsAccessKeyID: x, identityOwner: operator}}`)}},
	{"replicasSet",
		[]string{list("", "") + "---\n" + workload("Deployment", "§replicas: 2", "")},
		[]string{list("", "") + "---\n" + workload("Deployment", "", ""), hpa("") + "---\n" + workload("Deployment", "replicas: 2", ""),
			list("", "") + "---\n" + strings.Replace(workload("Deployment", "replicas: 2", ""), "{name: w,", `{uid: u, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z", name: w,`, 1), list("", "") + "---\n" + workload("StatefulSet", "replicas: 2", "")}},
	{"cooldownWithoutEnd", []string{list("minReplicaCount: 1\n§cooldownPeriod: 60", "")}, []string{list("cooldownPeriod: 60", ""), list("minReplicaCount: 1\nidleReplicaCount: 0\ncooldownPeriod: 60", ""), list("minReplicaCount: 1", "")}},
	{"pollingIsNoPace", []string{list("minReplicaCount: 1\n§pollingInterval: 5", "")}, []string{list("pollingInterval: 5", ""), list("minReplicaCount: 1", ""),
		by("minReplicaCount: 1\npollingInterval: 5", strings.Replace(metrics, "{type", "{useCachedMetrics: true, type", 1))}},
	{"cooldownShorterThanPolling", []string{list("§cooldownPeriod: 10", ""), list("pollingInterval: 60\n§cooldownPeriod: 59", "")}, []string{list("cooldownPeriod: 30", ""), list("cooldownPeriod: 0", ""), list("minReplicaCount: 1\ncooldownPeriod: 10", "")}},
	{"activationWithoutEffect", []string{list("minReplicaCount: 1", `§activationListLength: "3"`)}, []string{list("", `activationListLength: "3"`), list("minReplicaCount: 1\nidleReplicaCount: 0", `activationListLength: "3"`)}},
	{"coarseTarget", []string{list("", `§listLength: "100"`), by("", `{type: gcp-cloudtasks, §metadata: {queueName: q, projectID: p, credentialsFromEnv: C}}`)},
		[]string{list("", `listLength: "99"`), list("maxReplicaCount: 1", `listLength: "100"`),
			by("", `{type: kafka, metadata: {bootstrapServers: "k:1", consumerGroup: g, topic: t, lagThreshold: "100"}}`), by("", strings.Replace(lag, `"5"`, `"500"`, 1)), by("", strings.Replace(metrics, `"5"`, `"500"`, 1))}},
	{"valueFromZero", []string{by("", strings.Replace(metrics, "{type", "{§metricType: Value, type", 1))}, []string{by("", metrics), by("minReplicaCount: 1", strings.Replace(metrics, "{type", "{metricType: Value, type", 1))}},
	{"fallbackNeverRuns",
		[]string{list("§fallback: {failureThreshold: 3, replicas: 2}", ""), by("§fallback: {failureThreshold: 3, replicas: 2}\nadvanced: {scalingModifiers: {formula: x, target: \"2.5\"}}", strings.Replace(metrics, "{type", "{name: x, type", 1))},
		[]string{by("fallback: {failureThreshold: 3, replicas: 2}", metrics), list("fallback: {failureThreshold: 0, replicas: 2}", ""), by("fallback: {failureThreshold: 3, replicas: 2}", `{type: rabbitmq, metadata: {host: "http://r", queueName: q}}`)}},
	{"fallbackOutOfBounds",
		[]string{by("maxReplicaCount: 4\nfallback: {failureThreshold: 3, §replicas: 5}", metrics), by("fallback: {failureThreshold: 3, §replicas: 0}", metrics), by("minReplicaCount: 4\nfallback: {failureThreshold: 3, §replicas: 2}", metrics)},
		[]string{by("maxReplicaCount: 4\nfallback: {failureThreshold: 3, replicas: 4}", metrics), by("maxReplicaCount: 4\nfallback: {failureThreshold: 3, replicas: 5, behavior: currentReplicas}", metrics)}},
	{"targetMissing",
		[]string{so("a", "§scaleTargetRef: {name: w}\ntriggers: ["+metrics+"]"), so("a", "§scaleTargetRef: {name: w}\ntriggers: ["+metrics+"]") + "---\n" + workload("StatefulSet", "", ""), strings.Replace(hpa(""), "scaleT", "§scaleT", 1)},
		[]string{list("", "") + "---\n" + workload("Deployment", "", ""), so("a", "scaleTargetRef: {name: w, kind: Rollout, apiVersion: argoproj.io/v1alpha1}\ntriggers: ["+metrics+"]")}},
	{"authMissing",
		[]string{by("", strings.Replace(metrics, "{type", "{§authenticationRef: {name: t}, type", 1)), by("", strings.Replace(metrics, "{type", "{§authenticationRef: {name: t, kind: ClusterTriggerAuthentication}, type", 1)) + "---\n" + loginPrefix + "s, key: password}\n"},
		[]string{by("", strings.Replace(metrics, "{type", "{authenticationRef: {name: t}, type", 1)) + "---\n" + loginPrefix + "s, key: password}\n"}},
	{"dataMissing",
		[]string{list("", "") + "---\n" + strings.Replace(loginPrefix, "password, name", "password, §name", 1) + "s, key: password}\n",
			strings.Replace(by("", metrics), "triggers:", "§triggers:", 1) + "---\n" + workload("Deployment", "", "envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c, optional: true}}]")},
		[]string{list("", "") + "---\n" + secret + "---\n" + loginPrefix + "s, key: password}\n",
			by("", metrics) + "---\n" + secret + "---\n" + workload("Deployment", "", "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: password}}}]")}},
	{"keyMissing", []string{list("", "") + "---\n" + secret + "---\n" + loginPrefix + "s, §key: pasword}\n"}, []string{list("", "") + "---\n" + secret + "---\n" + loginPrefix + "s, key: password}\n", list("", "") + "---\n" + loginPrefix + "s, key: pasword}\n"}},
	{"variableMissing",
		[]string{by("", fromEnv) + "---\n" + workload("Deployment", "", "env: [{name: RADIS, value: redis:6379}]")},
		[]string{strings.Replace(job("envSourceContainerName: two", strings.ReplaceAll(fromEnv, "§", "")), "image: x:1}", "image: x:1}, {name: two, image: x:1, env: [{name: REDIS, value: r:1}]}", 1),
			by("", strings.ReplaceAll(fromEnv, "§", "")) + "---\n" + workload("Deployment", "", "env: [{name: REDIS, value: redis:6379}]"), by("", strings.ReplaceAll(fromEnv, "§", "")),
			by("", strings.ReplaceAll(fromEnv, "§", "")) + "---\n" + workload("Deployment", "", "envFrom: [{configMapRef: {name: unknown}}]")}},
	{"noSuchZone",
		[]string{by("", `{type: cron, metadata: {§timezone: Asia/Nowhere, start: 0 6 * * *, end: 0 7 * * *, desiredReplicas: "3"}}`)},
		[]string{by("", `{type: cron, metadata: {timezone: Asia/Tokyo, start: 0 6 * * *, end: 0 7 * * *, desiredReplicas: "3"}}`)}},
	{"cronAboveMax",
		[]string{by("maxReplicaCount: 2", `{type: cron, metadata: {timezone: UTC, start: 0 6 * * *, end: 0 7 * * *, §desiredReplicas: "3"}}`)},
		[]string{by("maxReplicaCount: 3", `{type: cron, metadata: {timezone: UTC, start: 0 6 * * *, end: 0 7 * * *, desiredReplicas: "3"}}`)}},
	{"scalingDisabled",
		[]string{list("advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {§selectPolicy: Disabled}}}}", ""), hpa("") + "  behavior: {scaleUp: {§selectPolicy: Disabled}}\n"},
		[]string{list("advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {selectPolicy: Min}}}}", ""), hpa("")}},
	{"held",
		[]string{strings.Replace(list("", ""), "{name: a,", `{annotations: {§autoscaling.keda.sh/paused: "true"}, name: a,`, 1), strings.Replace(list("", ""), "{name: a,", `{annotations: {§autoscaling.keda.sh/paused-scale-in: "yes", §autoscaling.keda.sh/force-activation: "true"}, name: a,`, 1),
			strings.Replace(job("", metrics), "{name: j,", `{annotations: {§autoscaling.keda.sh/paused: ""}, name: j,`, 1)},
		[]string{list("", ""), strings.Replace(list("", ""), "{name: a,", `{annotations: {autoscaling.keda.sh/paused: "false"}, name: a,`, 1)}},
	{"noRoomForJobs", []string{job("§minReplicaCount: 3\nmaxReplicaCount: 3", metrics)}, []string{job("minReplicaCount: 3\nmaxReplicaCount: 4", metrics)}},
	{"strategyIgnored", []string{job("scalingStrategy: {strategy: custom, §customScalingRunningJobPercentage: half}", metrics)}, []string{job(`scalingStrategy: {strategy: custom, customScalingRunningJobPercentage: "0.5"}`, metrics)}},
	{"cachedInJob", []string{job("", strings.Replace(metrics, "{type", "{§useCachedMetrics: true, type", 1))}, []string{job("", metrics)}},
}

// marked is a text without its §s, and where these stood.
func marked(text string) (plain string, places []string) {
	for n, line := range strings.Split(text, "\n") {
		column := 1
		for _, r := range line {
			if r == '§' {
				places = append(places, fmt.Sprintf("%d:%d", n+1, column))
				continue
			}
			column++
		}
	}
	return strings.ReplaceAll(text, "§", ""), places
}

// TestRules: each rule finds what it is about, at the field, and nothing in a neighbour.
func TestRules(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range cases {
		tested[c.rule] = true
		for i, text := range append(slices.Clone(c.found), c.other...) {
			plain, want := marked(text)
			r := Read([]string{"-"}, strings.NewReader(plain))
			var got []string
			for _, f := range r.Findings {
				if f.Rule == c.rule {
					got = append(got, fmt.Sprintf("%d:%d", f.Line, f.Column))
				}
				if f.Rule == notAccepted && c.rule != notAccepted {
					t.Errorf("%s: %s\n%s", c.rule, f.Says, plain)
				}
				if !strings.HasSuffix(f.Says, ".") && f.Rule != notAccepted || f.Next == "" && f.Rule != notAccepted {
					t.Errorf("%s: %q, %q", f.Rule, f.Says, f.Next)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if i < len(c.found) && len(want) == 0 {
				t.Errorf("%s: no place is marked in\n%s", c.rule, plain)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: found at %v, want %v\n%s%+v", c.rule, got, want, plain, r)
			}
		}
	}
	for _, r := range rules {
		if !tested[r.id] {
			t.Errorf("%s is not tested", r.id)
		}
	}
}
