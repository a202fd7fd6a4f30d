package compare

// Request is what the half with the cluster asks of the half with the sandbox,
// as JSON on its standard input.
type Request struct {
	Namespace string
	Manifests string // as the cluster was given them
	Scenarios []Scenario
	Plays     int    // how often, each time with another seed
	Answer    string // file for the traces: a JSON list of what Play gave
}
