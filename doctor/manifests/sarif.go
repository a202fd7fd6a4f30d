package manifests

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// What of SARIF 2.1.0 is written. The names are the format's.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		Help             sarifText `json:"help"`
		Default          struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			Line   int `json:"startLine"`
			Column int `json:"startColumn"`
		} `json:"region"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes a report in the format that code scanning reads, by a kscope of a version.
func (r *Report) SARIF(w io.Writer, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "kscope doctor", Version: version}
	for _, rule := range rules {
		first, _, _ := strings.Cut(rule.help, ". ")
		d := sarifRule{ID: rule.id, ShortDescription: sarifText{strings.TrimSuffix(first, ".") + "."}, Help: sarifText{rule.help}}
		d.Default.Level = string(rule.severity)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, d)
	}
	for _, f := range r.Findings {
		at := sarifLocation{}
		at.Physical.Artifact.URI = uri(f.File)
		at.Physical.Region.Line, at.Physical.Region.Column = f.Line, f.Column
		if f.Object != "" {
			at.Logical = []sarifLogical{{strings.TrimSuffix(f.Object+" "+f.Field, " "), "object"}}
		}
		run.Results = append(run.Results, sarifResult{RuleID: f.Rule, RuleIndex: slices.IndexFunc(rules, func(r rule) bool { return r.id == f.Rule }),
			Level: string(f.Severity), Message: sarifText{strings.TrimSuffix(f.about()+" "+f.Next, " ")}, Locations: []sarifLocation{at}})
	}
	all := sarifInvocation{Successful: len(r.Untold) == 0}
	for _, u := range r.Untold {
		all.Notifications = append(all.Notifications, sarifNotification{"error", sarifText{u.Says}})
	}
	run.Invocations = []sarifInvocation{all}
	return write(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// uri is a path as a reference of RFC 3986.
func uri(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return strings.TrimPrefix(u.String(), "./")
}
