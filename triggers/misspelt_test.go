package triggers

import (
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

// TestMisspelt: a slip in the name of a target or of an activation target is found for
// every type, and nothing that KEDA has a name for is taken for one.
func TestMisspelt(t *testing.T) {
	for _, name := range Types() {
		typ, _ := TypeOf(name)
		for _, settings := range []string{typ.Target, typ.Activation} {
			for _, setting := range strings.Split(settings, "|") {
				if len(setting) < 5 {
					continue
				}
				mid := len(setting) / 2
				for how, slip := range map[string]string{
					"a letter less": setting[:mid] + setting[mid+1:], "one more": setting + "s", "two swapped": setting[:mid] + setting[mid+1:mid+2] + setting[mid:mid+1] + setting[mid+2:],
					"other letters": strings.ToUpper(setting),
				} {
					is, meant := Misspelt(kscope.Trigger{Type: name, Metadata: map[string]string{slip: "7"}})
					if slip != setting && (is != slip || meant == "" || !strings.Contains(settings, meant)) {
						t.Errorf("%s, %s: %s is taken for %q", name, how, slip, meant)
					}
				}
				if is, meant := Misspelt(kscope.Trigger{Type: name, Metadata: map[string]string{setting: "7", setting + "s": "8"}}); is != "" && strings.Contains(settings, meant) {
					t.Errorf("%s: %s beside %s is taken for %s", name, is, setting, meant)
				}
			}
		}
	}
}

// No setting that the project knows of is a slip of another.
func TestNothingKnownIsMisspelt(t *testing.T) {
	for _, name := range Types() {
		typ, _ := TypeOf(name)
		metadata := map[string]string{}
		for _, names := range []string{typ.Queue, "mode|address|host|hostFromEnv|queueName|metadata|query|queryURL|type|unit|authModes|consumerGroup|databaseIndex|serverAddress|value|values|threshold|topic"} {
			for _, key := range strings.Split(names, "|") {
				metadata[key] = "x"
			}
		}
		if is, meant := Misspelt(kscope.Trigger{Type: name, Metadata: metadata}); is != "" {
			t.Errorf("%s: %s is taken for %s", name, is, meant)
		}
	}
}

// A name that is much longer or shorter is none, and costs nothing to tell.
func TestMisspeltIsAboutAsLong(t *testing.T) {
	for _, key := range []string{"", "l", "listLengths of every queue that there is", strings.Repeat("listLength", 1<<16)} {
		metadata := map[string]string{key: "7"}
		if is, meant := Misspelt(kscope.Trigger{Type: "redis", Metadata: metadata}); is != "" || meant != "" {
			t.Errorf("%.50q is taken for %s", is, meant)
		}
		if n := testing.AllocsPerRun(10, func() { Misspelt(kscope.Trigger{Type: "redis", Metadata: metadata}) }); n > 20 {
			t.Errorf("%.50q: %v allocations", key, n)
		}
	}
}
