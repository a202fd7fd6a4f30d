package triggers

import (
	"maps"
	"slices"
	"strings"
)

// Type is what is known of one of KEDA's trigger types. A parameter written
// a|b is the first of the two that is set.
type Type struct {
	Target            string  // parameter of the target; "" where it is fixed
	Default           float64 // the target when the parameter is absent; 0: it is required, or only the source knows
	Activation        string  // parameter of the activation target; "" where there is none
	ActivationDefault float64
	Unit              string // of what is counted, many of them; "" where it counts nothing or that differs
	Metric            string // name of the external metric: {a} is the value of a parameter; "" where it has rules of its own
	Queue             string // parameter that names where its work waits: a queue, a topic, a table; "" where that has no name
	Connects          bool   // building the scaler opens a connection
	Resource          bool   // a metric of the HPA's own, of what pods use
}

// TypeOf finds a trigger type; false if KEDA has none of that name.
func TypeOf(typ string) (Type, bool) {
	t, ok := types[typ]
	return t, ok
}

// Types are the names of all trigger types, in order.
func Types() []string { return slices.Sorted(maps.Keys(types)) }

// QueueName is what people call where a trigger's work waits, by its metadata; ""
// where that has no name, or one that metadata do not say.
func (t Type) QueueName(metadata map[string]string) string {
	if t.Queue == "" {
		return ""
	}
	return strings.TrimSpace(fill("{"+t.Queue+"}", metadata))
}

// MetricTypes are the values of metricType that a trigger type takes, and
// which of them counts when a trigger says nothing: "" where it has to.
func (t Type) MetricTypes() (allowed []string, byDefault string) {
	if t.Resource {
		return []string{"Utilization", "AverageValue"}, ""
	}
	return []string{"AverageValue", "Value"}, "AverageValue"
}

// streams are the targets of the Redis streams: by lag, by what is pending, by
// length.
const streams = "lagCount|pendingEntriesCount|streamLength"

// httpQueue are the parameters that name a route of the HTTP add-on.
const httpQueue = "interceptorRoute|httpScaledObject"

// types are those of KEDA 2.21.
var types = map[string]Type{
	"activemq":                {Target: "targetQueueSize", Default: 10, Activation: "activationTargetQueueSize", Unit: "messages", Metric: "activemq-{destinationName}", Queue: "destinationName"},
	"apache-kafka":            {Target: "lagThreshold", Default: 10, Activation: "activationLagThreshold", Unit: "messages", Metric: "kafka-{topic|consumerGroup}", Connects: true, Queue: "topic|consumerGroup"},
	"arangodb":                {Target: "queryValue", Activation: "activationQueryValue", Metric: "arangodb", Queue: "collection"},
	"artemis-queue":           {Target: "queueLength", Default: 10, Activation: "activationQueueLength", ActivationDefault: 10, Unit: "messages", Metric: "artemis-{queueName}", Queue: "queueName"},
	"aws-cloudwatch":          {Target: "targetMetricValue", Activation: "activationTargetMetricValue", Metric: "aws-cloudwatch", Queue: "metricName"},
	"aws-dynamodb":            {Target: "targetValue", Activation: "activationTargetValue", Unit: "items", Metric: "aws-dynamodb-{tableName}", Queue: "tableName"},
	"aws-dynamodb-streams":    {Target: "shardCount", Default: 2, Activation: "activationShardCount", Unit: "shards", Metric: "aws-dynamodb-streams-{tableName}", Queue: "tableName"},
	"aws-kinesis-stream":      {Target: "shardCount", Default: 2, Activation: "activationShardCount", Unit: "shards", Metric: "aws-kinesis-{streamName}", Queue: "streamName"},
	"aws-sqs-queue":           {Target: "queueLength", Default: 5, Activation: "activationQueueLength", Unit: "messages", Metric: "aws-sqs-{queueURL|queueURLFromEnv}", Queue: "queueURL"},
	"azure-app-insights":      {Target: "targetValue", Activation: "activationTargetValue", Metric: "azure-app-insights-{metricId}", Queue: "metricId"},
	"azure-blob":              {Target: "blobCount", Default: 5, Activation: "activationBlobCount", Unit: "blobs", Metric: "azure-blob-{blobContainerName}", Queue: "blobContainerName"},
	"azure-cosmosdb":          {Target: "changeFeedLagThreshold", Default: 100, Activation: "activationChangeFeedLagThreshold", Unit: "changes", Metric: "azure-cosmosdb-{leaseContainerId}-{processorName}", Queue: "containerId|leaseContainerId"},
	"azure-data-explorer":     {Target: "threshold", Activation: "activationThreshold", Metric: "azure-data-explorer-{databaseName}", Queue: "databaseName"},
	"azure-eventhub":          {Target: "unprocessedEventThreshold", Default: 64, Activation: "activationUnprocessedEventThreshold", Unit: "events", Metric: "azure-eventhub-{consumerGroup}", Queue: "eventHubName|consumerGroup"},
	"azure-log-analytics":     {Target: "threshold", Activation: "activationThreshold", Metric: "azure-log-analytics-{workspaceId}"},
	"azure-monitor":           {Target: "targetValue", Activation: "activationTargetValue", Metric: "azure-monitor-{metricName}", Queue: "metricName"},
	"azure-pipelines":         {Target: "targetPipelinesQueueLength", Default: 1, Activation: "activationTargetPipelinesQueueLength", Unit: "jobs", Metric: "azure-pipelines-{poolID}", Queue: "poolName|poolID"},
	"azure-queue":             {Target: "queueLength", Default: 5, Activation: "activationQueueLength", Unit: "messages", Metric: "azure-queue-{queueName}", Queue: "queueName"},
	"azure-servicebus":        {Target: "messageCount", Default: 5, Activation: "activationMessageCount", Unit: "messages", Metric: "azure-servicebus-{queueName|topicName}", Queue: "queueName|topicName"},
	"beanstalkd":              {Target: "value", Activation: "activationValue", Unit: "jobs", Metric: "beanstalkd-{tube}", Queue: "tube"},
	"cassandra":               {Target: "targetQueryValue", Activation: "activationTargetQueryValue", Metric: "cassandra-{keyspace}", Queue: "keyspace"},
	"clickhouse":              {Target: "targetQueryValue", Activation: "activationTargetQueryValue", Metric: "clickhouse", Connects: true, Queue: "database"},
	"couchdb":                 {Target: "queryValue", Activation: "activationQueryValue", Unit: "documents", Metric: "coucdb-{dbName}", Connects: true, Queue: "dbName"},
	"cpu":                     {Target: "value", Resource: true},
	"cron":                    {Default: 1, Unit: "replicas"},
	"datadog":                 {Target: "queryValue|targetValue", Activation: "activationQueryValue|activationTargetValue", Metric: "datadog-{query}"},
	"dynatrace":               {Target: "threshold", Activation: "activationThreshold", Metric: "dynatrace"},
	"elastic-forecast":        {Target: "targetValue", Activation: "activationTargetValue", Metric: "elastic-forecast-{jobID}", Queue: "jobID"},
	"elasticsearch":           {Target: "targetValue", Activation: "activationTargetValue", Metric: "elasticsearch-{searchTemplateName}", Queue: "searchTemplateName|index"},
	"etcd":                    {Target: "value", Activation: "activationValue", Metric: "etcd-{watchKey}", Queue: "watchKey"},
	"external":                {Metric: "external", Queue: httpQueue},
	"external-push":           {Metric: "external-push", Queue: httpQueue},
	"forgejo-runner":          {Default: 1, Unit: "jobs", Metric: "forgejo", Queue: "name"},
	"gcp-cloudtasks":          {Target: "value", Default: 100, Activation: "activationValue", Unit: "tasks", Metric: "gcp-ct-{queueName}", Queue: "queueName"},
	"gcp-pubsub":              {Target: "value", Default: 10, Activation: "activationValue", Unit: "messages", Metric: "gcp-ps-{subscriptionName|topicName}", Queue: "subscriptionName|topicName"},
	"gcp-spanner":             {Target: "targetValue", Default: 5, Activation: "activationValue", Metric: "gcp-spanner-{instanceId}-{databaseId}-{projectId}", Queue: "databaseId"},
	"gcp-stackdriver":         {Target: "targetValue", Default: 5, Activation: "activationTargetValue", Metric: "gcp-stackdriver-{projectId}"},
	"gcp-storage":             {Target: "targetObjectCount", Default: 100, Activation: "activationTargetObjectCount", Unit: "objects", Metric: "gcp-storage-{bucketName}", Queue: "bucketName"},
	"github-runner":           {Target: "targetWorkflowQueueLength", Default: 1, Unit: "jobs", Metric: "github-runner-{owner}", Queue: "repos|owner"},
	"graphite":                {Target: "threshold", Default: 100, Activation: "activationThreshold", Metric: "graphite"},
	"huawei-cloudeye":         {Target: "targetMetricValue", Activation: "activationTargetMetricValue", Metric: "huawei-cloudeye-{metricName}", Queue: "metricName"},
	"ibmmq":                   {Target: "queueDepth", Default: 20, Activation: "activationQueueDepth", Unit: "messages", Metric: "ibmmq-{queueName|queueNames}", Queue: "queueName|queueNames"},
	"influxdb":                {Target: "thresholdValue", Activation: "activationThresholdValue", Metric: "influxdb-{organizationName|database}", Queue: "database"},
	"kafka":                   {Target: "lagThreshold", Default: 10, Activation: "activationLagThreshold", Unit: "messages", Metric: "kafka-{topic|consumerGroup}", Connects: true, Queue: "topic|consumerGroup"},
	"kubernetes-resource":     {Target: "targetValue", Activation: "activationTargetValue", Metric: "{resourceKind}-{resourceName}-{key}", Queue: "resourceName"},
	"kubernetes-workload":     {Target: "value", Activation: "activationValue", Unit: "pods"},
	"liiklus":                 {Target: "lagThreshold", Default: 10, Activation: "activationLagThreshold", Unit: "messages", Metric: "liiklus-{topic}", Queue: "topic"},
	"loki":                    {Target: "threshold", Activation: "activationThreshold", Metric: "loki"},
	"memory":                  {Target: "value", Resource: true},
	"metrics-api":             {Target: "targetValue", Activation: "activationTargetValue", Metric: "metric-api-{valueLocation}", Queue: "valueLocation"},
	"mongodb":                 {Target: "queryValue", Activation: "activationQueryValue", Unit: "documents", Metric: "mongodb-{collection}", Connects: true, Queue: "collection"},
	"mssql":                   {Target: "targetValue", Activation: "activationTargetValue", Metric: "mssql", Connects: true, Queue: "database"},
	"mysql":                   {Target: "queryValue", Activation: "activationQueryValue", Metric: "mysql-{dbName}", Connects: true, Queue: "dbName"},
	"nats-jetstream":          {Target: "lagThreshold", Default: 10, Activation: "activationLagThreshold", Unit: "messages", Metric: "nats-jetstream-{stream}", Queue: "stream"},
	"new-relic":               {Target: "threshold", Activation: "activationThreshold", Metric: "new-relic"},
	"nsq":                     {Target: "depthThreshold", Default: 10, Activation: "activationDepthThreshold", Unit: "messages", Metric: "nsq-{topic}-{channel}", Queue: "topic"},
	"opensearch":              {Target: "targetValue", Activation: "activationTargetValue", Metric: "opensearch-{searchTemplateName}", Connects: true, Queue: "searchTemplateName|index"},
	"openstack-metric":        {Target: "threshold", Activation: "activationThreshold", Metric: "openstack-metric-{metricID}", Queue: "metricID"},
	"openstack-swift":         {Target: "objectCount", Default: 2, Activation: "activationObjectCount", Unit: "objects", Metric: "openstack-swift-{containerName}", Queue: "containerName"},
	"postgresql":              {Target: "targetQueryValue", Activation: "activationTargetQueryValue", Metric: "postgresql", Connects: true, Queue: "dbName"},
	"predictkube":             {Target: "threshold", Activation: "activationThreshold", Metric: "predictkube-predictkube_metric"},
	"prometheus":              {Target: "threshold", Activation: "activationThreshold", Metric: "prometheus", Queue: "metricName"},
	"pulsar":                  {Target: "msgBacklogThreshold", Default: 10, Activation: "activationMsgBacklogThreshold", Unit: "messages", Metric: "pulsar-{topic}-{subscription}", Queue: "topic"},
	"rabbitmq":                {Target: "value|queueLength", Default: 20, Activation: "activationValue", Unit: "messages", Metric: "rabbitmq-{queueName}", Connects: true, Queue: "queueName"},
	"redis":                   {Target: "listLength", Default: 5, Activation: "activationListLength", Unit: "items", Metric: "redis-{listName}", Connects: true, Queue: "listName"},
	"redis-cluster":           {Target: "listLength", Default: 5, Activation: "activationListLength", Unit: "items", Metric: "redis-{listName}", Connects: true, Queue: "listName"},
	"redis-cluster-streams":   {Target: streams, Default: 5, Activation: "activationLagCount", Unit: "entries", Metric: "redis-streams-{stream}", Connects: true, Queue: "stream"},
	"redis-sentinel":          {Target: "listLength", Default: 5, Activation: "activationListLength", Unit: "items", Metric: "redis-{listName}", Connects: true, Queue: "listName"},
	"redis-sentinel-streams":  {Target: streams, Default: 5, Activation: "activationLagCount", Unit: "entries", Metric: "redis-streams-{stream}", Connects: true, Queue: "stream"},
	"redis-streams":           {Target: streams, Default: 5, Activation: "activationLagCount", Unit: "entries", Metric: "redis-streams-{stream}", Connects: true, Queue: "stream"},
	"selenium-grid":           {Default: 1, Activation: "activationThreshold", Unit: "sessions", Metric: "selenium-grid", Queue: "browserName"},
	"solace-direct-messaging": {},
	"solace-event-queue":      {Target: "messageCountTarget|messageSpoolUsageTarget|messageReceiveRateTarget", Activation: "activationMessageCountTarget|activationMessageSpoolUsageTarget|activationMessageReceiveRateTarget", Unit: "messages", Metric: "solace-{queueName}-msgcount", Queue: "queueName"},
	"solarwinds":              {Target: "targetValue", Activation: "activationValue", Metric: "solarwinds"},
	"solr":                    {Target: "targetQueryValue", Activation: "activationTargetQueryValue", Unit: "documents", Metric: "solr", Queue: "collection"},
	"splunk":                  {Target: "targetValue", Activation: "activationValue", Metric: "splunk-{savedSearchName}", Queue: "savedSearchName"},
	"splunk-observability":    {Target: "targetValue", Activation: "activationTargetValue", Metric: "signalfx"},
	"sumologic":               {Target: "threshold", Activation: "activationThreshold", Metric: "sumologic-{queryType}"},
	"temporal":                {Target: "targetQueueSize", Default: 5, Activation: "activationTargetQueueSize", Unit: "tasks", Metric: "temporal-{namespace}-{taskQueue}", Queue: "taskQueue"},
}
