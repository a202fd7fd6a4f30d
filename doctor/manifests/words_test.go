package manifests

import (
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
