package triggers

// Place is where a parameter of a trigger may come from.
type Place byte

// The places that KEDA looks in.
const (
	Metadata       Place = 'M' // the trigger's own
	Authentication Place = 'A' // the object that its authenticationRef names
	Environment    Place = 'E' // of the target's container, through a metadata entry {parameter}FromEnv that names the variable
)

// Places are where a parameter of the Redis triggers may come from, in KEDA's
// order: the first value that is not blank counts. It is empty for a parameter
// that is not known here.
func Places(parameter string) []Place { return []Place(places[parameter]) }

var places = map[string]string{
	"address": "MAE", "addresses": "MAE", "host": "MEA", "hosts": "MEA", "port": "MEA", "ports": "MEA",
	"username": "MEA", "password": "MEA",
	"sentinelUsername": "MAE", "sentinelPassword": "MAE", "sentinelMaster": "MAE",
	"databaseIndex": "M", "enableTLS": "M", "unsafeSsl": "M", "tls": "A",
	"ca": "A", "cert": "A", "Cert": "A", "key": "A", "keyPassword": "A",
}
