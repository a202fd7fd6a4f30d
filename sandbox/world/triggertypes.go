package world

// scaler is what is known about one of KEDA's trigger types: which key of the
// metadata is the target, which the activation threshold, and how the metric
// is named.
type scaler struct {
	target     string  // metadata key; "" when the target is fixed
	otherwise  float64 // the target when the key is absent; 0: the key is required
	activation string  // metadata key; "" when there is none
	activates  float64 // activation threshold when its key is absent
	name       string  // of the metric: {a|b} is the first of these keys that is set
	connects   bool    // building the scaler opens a connection
}

// scalers are the types of KEDA 2.21 whose value is a number compared with a
// target. The ones with rules of their own (cron, cpu, memory,
// kubernetes-workload) are not here.
var scalers = map[string]scaler{
	"activemq":               {target: "targetQueueSize", otherwise: 10, activation: "activationTargetQueueSize", name: "activemq-{destinationName}"},
	"apache-kafka":           {target: "lagThreshold", otherwise: 10, activation: "activationLagThreshold", name: "kafka-{topic|consumerGroup}", connects: true},
	"arangodb":               {target: "queryValue", activation: "activationQueryValue", name: "arangodb"},
	"artemis-queue":          {target: "queueLength", otherwise: 10, activation: "activationQueueLength", activates: 10, name: "artemis-{queueName}"},
	"aws-cloudwatch":         {target: "targetMetricValue", activation: "activationTargetMetricValue", name: "aws-cloudwatch"},
	"aws-dynamodb":           {target: "targetValue", activation: "activationTargetValue", name: "aws-dynamodb-{tableName}"},
	"aws-dynamodb-streams":   {target: "shardCount", otherwise: 2, activation: "activationShardCount", name: "aws-dynamodb-streams-{tableName}"},
	"aws-kinesis-stream":     {target: "shardCount", otherwise: 2, activation: "activationShardCount", name: "aws-kinesis-{streamName}"},
	"aws-sqs-queue":          {target: "queueLength", otherwise: 5, activation: "activationQueueLength", name: "aws-sqs-{queueURL|queueURLFromEnv}"},
	"azure-app-insights":     {target: "targetValue", activation: "activationTargetValue", name: "azure-app-insights-{metricId}"},
	"azure-blob":             {target: "blobCount", otherwise: 5, activation: "activationBlobCount", name: "azure-blob-{blobContainerName}"},
	"azure-cosmosdb":         {target: "changeFeedLagThreshold", otherwise: 100, activation: "activationChangeFeedLagThreshold", name: "azure-cosmosdb-{leaseContainerId}-{processorName}"},
	"azure-data-explorer":    {target: "threshold", activation: "activationThreshold", name: "azure-data-explorer-{databaseName}"},
	"azure-eventhub":         {target: "unprocessedEventThreshold", otherwise: 64, activation: "activationUnprocessedEventThreshold", name: "azure-eventhub-{consumerGroup}"},
	"azure-log-analytics":    {target: "threshold", activation: "activationThreshold", name: "azure-log-analytics-{workspaceId}"},
	"azure-monitor":          {target: "targetValue", activation: "activationTargetValue", name: "azure-monitor-{metricName}"},
	"azure-pipelines":        {target: "targetPipelinesQueueLength", otherwise: 1, activation: "activationTargetPipelinesQueueLength", name: "azure-pipelines-{poolID}"},
	"azure-queue":            {target: "queueLength", otherwise: 5, activation: "activationQueueLength", name: "azure-queue-{queueName}"},
	"azure-servicebus":       {target: "messageCount", otherwise: 5, activation: "activationMessageCount", name: "azure-servicebus-{queueName|topicName}"},
	"beanstalkd":             {target: "value", activation: "activationValue", name: "beanstalkd-{tube}"},
	"cassandra":              {target: "targetQueryValue", activation: "activationTargetQueryValue", name: "cassandra-{keyspace}"},
	"clickhouse":             {target: "targetQueryValue", activation: "activationTargetQueryValue", name: "clickhouse", connects: true},
	"couchdb":                {target: "queryValue", activation: "activationQueryValue", name: "coucdb-{dbName}", connects: true},
	"datadog":                {target: "queryValue", activation: "activationQueryValue", name: "datadog-{query}"},
	"dynatrace":              {target: "threshold", activation: "activationThreshold", name: "dynatrace"},
	"elastic-forecast":       {target: "targetValue", activation: "activationTargetValue", name: "elastic-forecast-{jobID}"},
	"elasticsearch":          {target: "targetValue", activation: "activationTargetValue", name: "elasticsearch-{searchTemplateName}"},
	"etcd":                   {target: "value", activation: "activationValue", name: "etcd-{watchKey}"},
	"external":               {otherwise: 1, name: "external"},
	"external-push":          {otherwise: 1, name: "external-push"},
	"forgejo-runner":         {otherwise: 1, name: "forgejo"},
	"gcp-cloudtasks":         {target: "value", otherwise: 100, activation: "activationValue", name: "gcp-ct-{queueName}"},
	"gcp-pubsub":             {target: "value", otherwise: 10, activation: "activationValue", name: "gcp-ps-{subscriptionName|topicName}"},
	"gcp-spanner":            {target: "targetValue", otherwise: 5, activation: "activationValue", name: "gcp-spanner-{instanceId}-{databaseId}-{projectId}"},
	"gcp-stackdriver":        {target: "targetValue", otherwise: 5, activation: "activationTargetValue", name: "gcp-stackdriver-{projectId}"},
	"gcp-storage":            {target: "targetObjectCount", otherwise: 100, activation: "activationTargetObjectCount", name: "gcp-storage-{bucketName}"},
	"github-runner":          {target: "targetWorkflowQueueLength", otherwise: 1, name: "github-runner-{owner}"},
	"graphite":               {target: "threshold", otherwise: 100, activation: "activationThreshold", name: "graphite"},
	"huawei-cloudeye":        {target: "targetMetricValue", activation: "activationTargetMetricValue", name: "huawei-cloudeye-{metricName}"},
	"ibmmq":                  {target: "queueDepth", otherwise: 20, activation: "activationQueueDepth", name: "ibmmq-{queueName|queueNames}"},
	"influxdb":               {target: "thresholdValue", activation: "activationThresholdValue", name: "influxdb-{organizationName|database}"},
	"kafka":                  {target: "lagThreshold", otherwise: 10, activation: "activationLagThreshold", name: "kafka-{topic|consumerGroup}", connects: true},
	"liiklus":                {target: "lagThreshold", otherwise: 10, activation: "activationLagThreshold", name: "liiklus-{topic}"},
	"loki":                   {target: "threshold", activation: "activationThreshold", name: "loki"},
	"metrics-api":            {target: "targetValue", activation: "activationTargetValue", name: "metric-api-{valueLocation}"},
	"mongodb":                {target: "queryValue", activation: "activationQueryValue", name: "mongodb-{collection}", connects: true},
	"mssql":                  {target: "targetValue", activation: "activationTargetValue", name: "mssql", connects: true},
	"mysql":                  {target: "queryValue", activation: "activationQueryValue", name: "mysql-{dbName}", connects: true},
	"nats-jetstream":         {target: "lagThreshold", otherwise: 10, activation: "activationLagThreshold", name: "nats-jetstream-{stream}"},
	"new-relic":              {target: "threshold", activation: "activationThreshold", name: "new-relic"},
	"nsq":                    {target: "depthThreshold", otherwise: 10, activation: "activationDepthThreshold", name: "nsq-{topic}-{channel}"},
	"opensearch":             {target: "targetValue", activation: "activationTargetValue", name: "opensearch-{searchTemplateName}", connects: true},
	"openstack-metric":       {target: "threshold", activation: "activationThreshold", name: "openstack-metric-{metricID}"},
	"openstack-swift":        {target: "objectCount", otherwise: 2, activation: "activationObjectCount", name: "openstack-swift-{containerName}"},
	"postgresql":             {target: "targetQueryValue", activation: "activationTargetQueryValue", name: "postgresql", connects: true},
	"predictkube":            {target: "threshold", activation: "activationThreshold", name: "predictkube-predictkube_metric"},
	"prometheus":             {target: "threshold", activation: "activationThreshold", name: "prometheus"},
	"pulsar":                 {target: "msgBacklogThreshold", otherwise: 10, activation: "activationMsgBacklogThreshold", name: "pulsar-{topic}-{subscription}"},
	"rabbitmq":               {target: "value", otherwise: 20, activation: "activationValue", name: "rabbitmq-{queueName}", connects: true},
	"redis":                  {target: "listLength", otherwise: 5, activation: "activationListLength", name: "redis-{listName}", connects: true},
	"redis-cluster":          {target: "listLength", otherwise: 5, activation: "activationListLength", name: "redis-{listName}", connects: true},
	"redis-sentinel":         {target: "listLength", otherwise: 5, activation: "activationListLength", name: "redis-{listName}", connects: true},
	"redis-streams":          {target: "lagCount|pendingEntriesCount|streamLength", otherwise: 5, activation: "activationLagCount", name: "redis-streams-{stream}", connects: true},
	"redis-cluster-streams":  {target: "lagCount|pendingEntriesCount|streamLength", otherwise: 5, activation: "activationLagCount", name: "redis-streams-{stream}", connects: true},
	"redis-sentinel-streams": {target: "lagCount|pendingEntriesCount|streamLength", otherwise: 5, activation: "activationLagCount", name: "redis-streams-{stream}", connects: true},
	"selenium-grid":          {otherwise: 1, activation: "activationThreshold", name: "selenium-grid"},
	"solace-event-queue":     {target: "messageCountTarget|messageSpoolUsageTarget|messageReceiveRateTarget", activation: "activationMessageCountTarget", name: "solace-{queueName}-msgcount"},
	"solarwinds":             {target: "targetValue", activation: "activationValue", name: "solarwinds"},
	"solr":                   {target: "targetQueryValue", activation: "activationTargetQueryValue", name: "solr"},
	"splunk":                 {target: "targetValue", activation: "activationValue", name: "splunk-{savedSearchName}"},
	"splunk-observability":   {target: "targetValue", activation: "activationTargetValue", name: "signalfx"},
	"sumologic":              {target: "threshold", activation: "activationThreshold", name: "sumologic-{queryType}"},
	"temporal":               {target: "targetQueueSize", otherwise: 5, activation: "activationTargetQueueSize", name: "temporal-{namespace}-{taskQueue}"},
	"kubernetes-resource":    {target: "targetValue", activation: "activationTargetValue", name: "{resourceKind}-{resourceName}-{key}"},
}
