package redisd

// command is one that is played.
type command struct {
	least, most int // words after its name; most is -1 where any number may follow
	flags       flags
	// vet says what is wrong with the arguments, beyond what miniredis says
	// without harm.
	vet func(c *client, args []string) string
	// do carries it out; miniredis does where it is nil.
	do func(c *client, args []string)
}

type flags int

const (
	writes    flags = 1 << iota // may change something
	grows                       // may make the data larger
	expires                     // may let a key expire
	blocks                      // may wait
	noScript                    // not from a script
	atOnce                      // is not queued by MULTI
	listening                   // goes while subscribed
	unasked                     // goes without a password
)

func (c command) is(f flags) bool { return c.flags&f != 0 }

func (c command) takes(args []string) bool {
	n := len(args) - 1
	return n >= c.least && (c.most < 0 || n <= c.most)
}

// commands are all that are played: what queues, their producers and their
// workers need. Left out is what works on many keys at once or on bits, and
// what miniredis does in a time or a space that an argument sets.
var commands map[string]command

// in init, since some of them look others up.
func init() {
	commands = map[string]command{
		"AUTH":    {least: 1, most: 2, flags: noScript | atOnce | unasked, do: doAuth},
		"HELLO":   {most: -1, flags: noScript | atOnce | unasked, do: doHello},
		"QUIT":    {most: -1, flags: noScript | atOnce | listening | unasked, do: doQuit},
		"RESET":   {flags: noScript | atOnce | listening | unasked, do: doReset},
		"PING":    {most: 1, flags: listening, do: doPing},
		"ECHO":    {least: 1, most: 1},
		"SELECT":  {least: 1, most: 1, do: doSelect},
		"CLIENT":  {least: 1, most: -1, flags: noScript, do: doClient},
		"COMMAND": {most: -1, do: doCommand},
		"CONFIG":  {least: 1, most: -1, flags: noScript, do: doConfig},
		"CLUSTER": {least: 1, most: -1, flags: noScript, do: doCluster},
		"INFO":    {most: -1, do: doInfo},
		"TIME":    {},
		"DBSIZE":  {},

		"MULTI":   {flags: noScript | atOnce, do: doMulti},
		"EXEC":    {flags: noScript | atOnce, do: doExec},
		"DISCARD": {flags: noScript | atOnce, do: doDiscard},
		"WATCH":   {least: 1, most: -1, flags: noScript | atOnce, do: doWatch},
		"UNWATCH": {flags: noScript | atOnce, do: doUnwatch},

		"SUBSCRIBE":    {least: 1, most: -1, flags: noScript | listening, do: doSubscribe},
		"PSUBSCRIBE":   {least: 1, most: -1, flags: noScript | listening, vet: vetPatterns, do: doSubscribe},
		"UNSUBSCRIBE":  {most: -1, flags: noScript | listening, do: doUnsubscribe},
		"PUNSUBSCRIBE": {most: -1, flags: noScript | listening, do: doUnsubscribe},
		"PUBLISH":      {least: 2, most: 2, do: doPublish},
		"PUBSUB":       {least: 1, most: -1, vet: vetPatterns, do: doPubsub},

		"EVAL":       {least: 2, most: -1, flags: noScript | writes | grows, do: doEval},
		"EVAL_RO":    {least: 2, most: -1, flags: noScript, do: doEval},
		"EVALSHA":    {least: 2, most: -1, flags: noScript | writes | grows, do: doEval},
		"EVALSHA_RO": {least: 2, most: -1, flags: noScript, do: doEval},
		"SCRIPT":     {least: 1, most: -1, flags: noScript, do: doScript},

		"DEL":         {least: 1, most: -1, flags: writes, do: doFreeing},
		"UNLINK":      {least: 1, most: -1, flags: writes, do: doFreeing},
		"FLUSHDB":     {most: 1, flags: writes, do: doFreeing},
		"FLUSHALL":    {most: 1, flags: writes, do: doFreeing},
		"EXISTS":      {least: 1, most: -1},
		"TOUCH":       {least: 1, most: -1},
		"TYPE":        {least: 1, most: 1},
		"KEYS":        {least: 1, most: 1, vet: vetPatterns},
		"SCAN":        {least: 1, most: 7, vet: vetPatterns},
		"RANDOMKEY":   {},
		"RENAME":      {least: 2, most: 2, flags: writes},
		"RENAMENX":    {least: 2, most: 2, flags: writes},
		"EXPIRE":      {least: 2, most: 3, flags: writes | expires},
		"PEXPIRE":     {least: 2, most: 3, flags: writes | expires},
		"EXPIREAT":    {least: 2, most: 3, flags: writes | expires},
		"PEXPIREAT":   {least: 2, most: 3, flags: writes | expires},
		"TTL":         {least: 1, most: 1},
		"PTTL":        {least: 1, most: 1},
		"EXPIRETIME":  {least: 1, most: 1},
		"PEXPIRETIME": {least: 1, most: 1},
		"PERSIST":     {least: 1, most: 1, flags: writes},

		"GET":      {least: 1, most: 1},
		"MGET":     {least: 1, most: -1},
		"GETRANGE": {least: 3, most: 3},
		"STRLEN":   {least: 1, most: 1},
		"SET":      {least: 2, most: 7, flags: writes | grows | expires},
		"SETNX":    {least: 2, most: 2, flags: writes | grows},
		"SETEX":    {least: 3, most: 3, flags: writes | grows | expires},
		"PSETEX":   {least: 3, most: 3, flags: writes | grows | expires},
		"GETSET":   {least: 2, most: 2, flags: writes | grows},
		"GETDEL":   {least: 1, most: 1, flags: writes},
		"GETEX":    {least: 1, most: 3, flags: writes | expires},
		"MSET":     {least: 2, most: -1, flags: writes | grows},
		"MSETNX":   {least: 2, most: -1, flags: writes | grows},
		"APPEND":   {least: 2, most: 2, flags: writes | grows, vet: vetAppend},
		"INCR":     {least: 1, most: 1, flags: writes | grows},
		"DECR":     {least: 1, most: 1, flags: writes | grows},
		"INCRBY":   {least: 2, most: 2, flags: writes | grows},
		"DECRBY":   {least: 2, most: 2, flags: writes | grows},

		"LPUSH":      {least: 2, most: -1, flags: writes | grows, do: doLpush},
		"LPUSHX":     {least: 2, most: -1, flags: writes | grows, do: doLpush},
		"RPUSH":      {least: 2, most: -1, flags: writes | grows},
		"RPUSHX":     {least: 2, most: -1, flags: writes | grows},
		"LPOP":       {least: 1, most: 2, flags: writes},
		"RPOP":       {least: 1, most: 2, flags: writes},
		"LMPOP":      {least: 3, most: -1, flags: writes},
		"LLEN":       {least: 1, most: 1},
		"LRANGE":     {least: 3, most: 3},
		"LINDEX":     {least: 2, most: 2},
		"LPOS":       {least: 2, most: 8, vet: vetLpos},
		"LINSERT":    {least: 4, most: 4, flags: writes | grows},
		"LSET":       {least: 3, most: 3, flags: writes | grows},
		"LREM":       {least: 3, most: 3, flags: writes},
		"LTRIM":      {least: 3, most: 3, flags: writes},
		"LMOVE":      {least: 4, most: 4, flags: writes},
		"RPOPLPUSH":  {least: 2, most: 2, flags: writes},
		"BLPOP":      {least: 2, most: -1, flags: writes | blocks, do: doOnce},
		"BRPOP":      {least: 2, most: -1, flags: writes | blocks, do: doOnce},
		"BLMPOP":     {least: 4, most: -1, flags: writes | blocks, do: doOnce},
		"BLMOVE":     {least: 5, most: 5, flags: writes | blocks, do: doOnce},
		"BRPOPLPUSH": {least: 3, most: 3, flags: writes | blocks, do: doOnce},

		"HSET":    {least: 3, most: -1, flags: writes | grows},
		"HMSET":   {least: 3, most: -1, flags: writes | grows},
		"HSETNX":  {least: 3, most: 3, flags: writes | grows},
		"HINCRBY": {least: 3, most: 3, flags: writes | grows},
		"HDEL":    {least: 2, most: -1, flags: writes},
		"HGET":    {least: 2, most: 2},
		"HMGET":   {least: 2, most: -1},
		"HGETALL": {least: 1, most: 1},
		"HKEYS":   {least: 1, most: 1},
		"HVALS":   {least: 1, most: 1},
		"HLEN":    {least: 1, most: 1},
		"HEXISTS": {least: 2, most: 2},
		"HSTRLEN": {least: 2, most: 2},
		"HSCAN":   {least: 2, most: 6, vet: vetPatterns},

		"SADD":       {least: 2, most: -1, flags: writes | grows},
		"SREM":       {least: 2, most: -1, flags: writes},
		"SPOP":       {least: 1, most: 2, flags: writes, vet: vetSpop},
		"SMOVE":      {least: 3, most: 3, flags: writes},
		"SCARD":      {least: 1, most: 1},
		"SMEMBERS":   {least: 1, most: 1},
		"SISMEMBER":  {least: 2, most: 2},
		"SMISMEMBER": {least: 2, most: -1},
		"SSCAN":      {least: 2, most: 6, vet: vetPatterns},

		"ZADD":             {least: 3, most: -1, flags: writes | grows},
		"ZINCRBY":          {least: 3, most: 3, flags: writes | grows},
		"ZREM":             {least: 2, most: -1, flags: writes},
		"ZREMRANGEBYRANK":  {least: 3, most: 3, flags: writes},
		"ZREMRANGEBYSCORE": {least: 3, most: 3, flags: writes},
		"ZPOPMIN":          {least: 1, most: 2, flags: writes},
		"ZPOPMAX":          {least: 1, most: 2, flags: writes},
		"ZMPOP":            {least: 3, most: -1, flags: writes},
		"ZCARD":            {least: 1, most: 1},
		"ZCOUNT":           {least: 3, most: 3},
		"ZSCORE":           {least: 2, most: 2},
		"ZMSCORE":          {least: 2, most: -1},
		"ZRANK":            {least: 2, most: 3},
		"ZREVRANK":         {least: 2, most: 3},
		"ZRANGE":           {least: 3, most: 9},
		"ZREVRANGE":        {least: 3, most: 4},
		"ZRANGEBYSCORE":    {least: 3, most: 7},
		"ZREVRANGEBYSCORE": {least: 3, most: 7},
		"ZSCAN":            {least: 2, most: 6, vet: vetPatterns},
		"BZPOPMIN":         {least: 2, most: -1, flags: writes | blocks, do: doOnce},
		"BZPOPMAX":         {least: 2, most: -1, flags: writes | blocks, do: doOnce},
		"BZMPOP":           {least: 4, most: -1, flags: writes | blocks, do: doOnce},

		"XADD":       {least: 4, most: -1, flags: writes | grows, vet: vetTrim},
		"XDEL":       {least: 2, most: -1, flags: writes, vet: vetIDs},
		"XTRIM":      {least: 3, most: 6, flags: writes, vet: vetTrim},
		"XLEN":       {least: 1, most: 1},
		"XRANGE":     {least: 3, most: 5},
		"XREVRANGE":  {least: 3, most: 5},
		"XREAD":      {least: 3, most: maxAtOnce, flags: blocks, do: doOnce},
		"XREADGROUP": {least: 6, most: maxAtOnce, flags: writes | blocks, do: doOnce},
		"XGROUP":     {least: 1, most: -1, flags: writes},
		"XINFO":      {least: 1, most: -1, do: doXinfo},
		"XACK":       {least: 3, most: -1, flags: writes, vet: vetIDs},
		"XPENDING":   {least: 2, most: 8},
		"XCLAIM":     {least: 5, most: -1, flags: writes, vet: vetIDs},
		"XAUTOCLAIM": {least: 5, most: 8, flags: writes},
	}
}
