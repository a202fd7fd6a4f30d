package doctor

import (
	"slices"
	"time"
)

// Needs is what the objects make use of.
type Needs struct {
	External bool // triggers whose metrics KEDA serves
	Resource bool // cpu or memory
	Jobs     bool // ScaledJobs
}

const (
	install = "helm install keda keda --repo https://kedacore.github.io/charts --namespace keda --create-namespace"
	metrics = "helm install metrics-server metrics-server --repo https://kubernetes-sigs.github.io/metrics-server/ --namespace kube-system"
)

// apiServer is the ID of whether the API server answers.
const apiServer = "apiServer"

// Cluster judges what a cluster says of itself, by what its objects need.
func Cluster(f *Facts, n Needs) []Check {
	if f.Err != nil {
		return []Check{{ID: apiServer, About: "API server", State: Bad, Says: "It does not answer: " + f.Err.Error() + ".",
			Do: []Move{{"kubectl cluster-info", "It says which server is asked, and whether it answers there."}}}}
	}
	out := []Check{{ID: apiServer, About: "API server", State: Good, Says: "Kubernetes " + f.Kubernetes + " answers."}}
	out = append(out, f.crds(n)...)
	if f.ScaledObjects.Served || f.ScaledObjects.Err != nil {
		out = append(out, f.external(), f.parts())
		if c, ok := f.leader(); ok {
			out = append(out, c)
		}
	}
	if n.Resource {
		out = append(out, f.resource())
	}
	return append(out, f.permissions(n)...)
}

// crds is whether KEDA's kinds are there.
func (f *Facts) crds(n Needs) []Check {
	c := Check{ID: "crds", About: "KEDA's kinds", State: Good, Says: "ScaledObjects and ScaledJobs are served."}
	switch {
	case f.ScaledObjects.Err != nil:
		c.State, c.Says = Unknown, "Whether they are served cannot be told: "+f.ScaledObjects.Err.Error()+"."
	case !f.ScaledObjects.Served:
		c.State, c.Says = Bad, "The API server knows no ScaledObjects: KEDA is not installed, or its CRDs are missing."
		c.Do = []Move{{install, "It installs KEDA with its CRDs."}}
	case !f.ScaledJobs.Served && n.Jobs:
		c.State, c.Says = Bad, "The API server knows no ScaledJobs: a CRD of KEDA's is missing."
		c.Do = []Move{{install, "It installs KEDA with its CRDs."}}
	}
	return []Check{c}
}

// leaderLate is how far past its end a Lease may be while clocks differ.
const leaderLate = 30 * time.Second

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func since(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
