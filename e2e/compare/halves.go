package compare

import "time"

// Request is what the half with the cluster asks of the half with the sandbox,
// as JSON on its standard input.
type Request struct {
	Namespace string
	Manifests string // as the cluster was given them
	Scenarios []Scenario
	Plays     int    // how often, each time with another seed
	Answer    string // file for the traces: a JSON list of what Play gave
}

// Watching is what the half with the cluster asks of the half with kscope, as JSON
// on its standard input. Once all is played it is followed by the [Outcome], which
// is what that half judges by.
type Watching struct {
	Kubeconfig string
	Namespace  string
	Scenarios  []Scenario
	Stories    string // directory for what was said, second by second; none when empty
}

// Outcome is what became of the scenarios that were played.
type Outcome struct {
	Began, Ended time.Time
	Traces       map[string]Trace // by the scenario's name
}
