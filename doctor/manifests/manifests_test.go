package manifests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/sandbox"
)

// TestFormats holds all four formats of one report against files.
func TestFormats(t *testing.T) {
	r := Read([]string{"testdata/deploy", "testdata/nowhere.yaml"}, nil)
	if len(r.Findings) != 0 || r.Status(Warning) != 2 {
		t.Errorf("a path that is not there: %+v", r)
	}
	r = Read([]string{"testdata/deploy"}, nil)
	r.Untold = append(r.Untold, Untold{"read other.yaml: permission denied", "may you read it?"})
	for name, write := range map[string]func(b *bytes.Buffer) error{
		"report.txt":    func(b *bytes.Buffer) error { return r.Text(b, false) },
		"report.json":   func(b *bytes.Buffer) error { return r.JSON(b) },
		"report.sarif":  func(b *bytes.Buffer) error { return r.SARIF(b, "kscope test") },
		"report.github": func(b *bytes.Buffer) error { return r.GitHub(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(name, err)
		}
		golden.Compare(t, name, b.String())
	}
	var b bytes.Buffer
	if err := r.Text(&b, true); err != nil || !strings.Contains(b.String(), ": \x1b[31merror\x1b[0m: ") {
		t.Errorf("in colour: %v\n%s", err, b.String())
	}
}

// TestSARIF: what the schema of SARIF 2.1.0 requires is there, and what refers to
// something refers to what there is.
func TestSARIF(t *testing.T) {
	r := Read([]string{"testdata/deploy"}, nil)
	var b bytes.Buffer
	if err := r.SARIF(&b, "1"); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                     string
						ShortDescription, Help struct{ Text string }
						DefaultConfiguration   struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID, Level string
				RuleIndex     int
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatal(err, b.String())
	}
	run, levels := log.Runs[0], []string{"error", "warning", "note"}
	if run.Tool.Driver.Name == "" || len(run.Results) != len(r.Findings) {
		t.Errorf("%+v", run)
	}
	for _, x := range run.Tool.Driver.Rules {
		if x.ID == "" || !unicode.IsLower(rune(x.ID[0])) || x.Help.Text == "" || x.ShortDescription.Text == "" || !slices.Contains(levels, x.DefaultConfiguration.Level) {
			t.Errorf("rule %+v", x)
		}
	}
	for _, x := range run.Results {
		if run.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID || x.Message.Text == "" || len(x.Locations) != 1 || !slices.Contains(levels, x.Level) {
			t.Errorf("result %+v", x)
			continue
		}
		if at := x.Locations[0].PhysicalLocation; strings.ContainsAny(at.ArtifactLocation.URI, " \\%,") && !strings.Contains(at.ArtifactLocation.URI, "%25") || at.Region.StartLine < 1 || at.Region.StartColumn < 1 {
			t.Errorf("at %+v", at)
		}
	}
}

// TestDocumented: every rule is in the documentation, in the words of its help.
func TestDocumented(t *testing.T) {
	const path, begin, end = "../../docs/doctor.md", "-update -->\n", "<!-- end of rules -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !ok || !ends {
		t.Fatal("the table of rules has no place in ", path)
	}
	table := "\n| rule | is | found where |\n|---|---|---|\n"
	for _, r := range rules {
		table += fmt.Sprintf("| `%s` | %s | %s |\n", r.id, r.severity, r.help)
	}
	switch want := before + begin + table + "\n" + end + after; {
	case golden.Update():
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != string(text):
		t.Errorf("%s does not list the rules as they are: go test ./doctor/manifests -update", path)
	}
}

// TestUnder: files are named from a directory where they lie under it.
func TestUnder(t *testing.T) {
	repository := t.TempDir()
	if err := os.MkdirAll(filepath.Join(repository, "chart", "deploy"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(repository, "chart"))
	outside := filepath.Join(filepath.Dir(repository), "x.yaml")
	for file, want := range map[string]string{
		"deploy/a.yaml": "chart/deploy/a.yaml", "./a.yaml": "chart/a.yaml", "../a.yaml": "a.yaml", filepath.Join(repository, "a.yaml"): "a.yaml",
		outside: outside, "../../a.yaml": "../../a.yaml", "standard input": "standard input",
	} {
		r := Report{Findings: []Finding{{File: file}}}
		if got := filepath.ToSlash(r.Under(repository).Findings[0].File); got != want || r.Findings[0].File != file {
			t.Errorf("%s is named %s, want %s", file, got, want)
		}
		if got := r.Under("").Findings[0].File; got != file {
			t.Errorf("without a directory %s is named %s", file, got)
		}
	}
}

// TestStatus: notes are nothing wrong, and what could not be judged is not well.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", list("", "")) // with a note that its target is not there
	none := write("none.yaml", secret)
	empty := write("empty.yaml", "# nothing\n")
	bad := write("bad.yaml", list("maxReplicaCount: none", ""))
	text := write("text.yaml", "{{ if .Values.x }}\na: b\n")
	for _, tt := range []struct {
		paths            []string
		status, findings int
	}{
		{[]string{good}, 0, 1}, {[]string{none}, 2, 0}, {[]string{empty}, 2, 0}, {[]string{bad}, 1, 1}, {[]string{good, bad}, 1, 2},
		{[]string{good, none}, 0, 1}, {[]string{dir + "/nowhere"}, 2, 0}, {[]string{text}, 2, 1}, {[]string{good, none, empty, text}, 0, 2},
	} {
		if r := Read(tt.paths, nil); r.Status(Warning) != tt.status || len(r.Findings) != tt.findings || (r.Status(Warning) == 2) != (len(r.Untold) > 0) {
			t.Errorf("%v: status %d, want %d: %+v", tt.paths, r.Status(Warning), tt.status, r)
		}
	}
	warned := write("warned.yaml", list("", "activationListLength: \"9\""))
	for _, tt := range []struct {
		from   Severity
		paths  []string
		status int
	}{
		{Error, []string{warned}, 0}, {Error, []string{bad}, 1}, {Error, []string{warned, dir + "/nowhere"}, 2}, {Warning, []string{warned}, 1}, {Note, []string{good}, 1},
	} {
		if r := Read(tt.paths, nil); r.Status(tt.from) != tt.status {
			t.Errorf("%v from %s on: status %d, want %d: %+v", tt.paths, tt.from, r.Status(tt.from), tt.status, r)
		}
	}
}

// TestFollowing: what lacks because it is itself refused is not said to be not given.
func TestFollowing(t *testing.T) {
	text := by("", `{type: redis, authenticationRef: {name: t}, metadata: {address: "r:1", listName: l}}`) + "---\n" + loginPrefix + "5, key: x}\n---\n" +
		workload("Deployment", "replicas: -1", "envFrom: [{secretRef: {name: s}}]") + "---\n" + strings.Replace(secret, "stringData", "data", 1)
	for _, f := range Read([]string{"-"}, strings.NewReader(text)).Findings {
		if f.Rule != notAccepted {
			t.Errorf("%s: %s", f.Rule, f.Says)
		}
	}
}

// TestOfWhatIsRefused: of a number that KEDA does not take nothing else is said.
func TestOfWhatIsRefused(t *testing.T) {
	text := list("", `listLength: "1_000"`) + "---\n" + workload("Deployment", "", "")
	if all := Read([]string{"-"}, strings.NewReader(text)).Findings; len(all) != 1 || all[0].Rule != ofKEDA.id {
		t.Errorf("%+v", all)
	}
}

// TestClean: no format carries what could drive a terminal, or end a command of GitHub's.
func TestClean(t *testing.T) {
	text := list("", `"listLenght\u001b]0;x\u0007": "\u001b[31m%0A::error::x\r\n::error::y"`) + "---\n" + loginPrefix + "\"s\\u001b[2J\", key: \"\\u202e\"}\n" +
		"---\n" + strings.Replace(list("§\x1b[31m: x", ""), "§", "", 1)
	r := Read([]string{"-"}, strings.NewReader(strings.ReplaceAll(text, "\x1b", "e")))
	if len(r.Findings) < 2 {
		t.Errorf("%+v", r)
	}
	r.Findings = append(r.Findings, Finding{Rule: "x", Severity: Note, File: "a,b:c%\n::error::", Line: 1, Column: 1, Says: "one\r\n::error::two % three"})
	var b bytes.Buffer
	for _, write := range []func() error{
		func() error { return r.Text(&b, false) }, func() error { return r.JSON(&b) }, func() error { return r.SARIF(&b, "1") },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		for _, c := range b.String() {
			if c == 0x1b || c == 0x07 || c == 0x202e {
				t.Fatalf("%q", b.String())
			}
		}
		b.Reset()
	}
	if err := r.GitHub(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(r.Findings)+1 {
		t.Errorf("%d findings in %d lines:\n%s", len(r.Findings), len(lines), b.String())
	}
	if want := "::notice file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A,line=1,col=1,title=kscope%3A x::one%0D%0A::error::two %25 three"; !slices.Contains(lines, want) {
		t.Errorf("want %s in\n%s", want, b.String())
	}
}

// FuzzRead: whatever is given, everything that is found is at a place in the file, and no
// two runs differ.
func FuzzRead(f *testing.F) {
	for _, c := range cases {
		for _, text := range append(slices.Clone(c.found), c.other...) {
			plain, _ := marked(text)
			f.Add(plain)
		}
	}
	names, err := filepath.Glob("../../sandbox/testdata/refused/*.*")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		f.Add(strings.ReplaceAll(string(text), "\n", "\r\n"))
		f.Add(string(text[:len(text)*2/3]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Read([]string{"-"}, strings.NewReader(text))
		lines := strings.FieldsFunc(strings.NewReplacer("\r\n", "\n", "\n", " \n", "\r", " \n").Replace(text)+" ", func(c rune) bool { return c == '\n' })
		for _, x := range r.Findings {
			if x.Line < 1 || x.Line > len(lines) || x.Column < 1 || x.Column > max(1, len([]rune(lines[x.Line-1]))) {
				t.Errorf("%d:%d of %d lines: %s\n%q", x.Line, x.Column, len(lines), x.Says, text)
			}
		}
		if again := Read([]string{"-"}, strings.NewReader(text)); fmt.Sprint(r) != fmt.Sprint(again) {
			t.Errorf("%v\nand again %v", r, again)
		}
	})
}

// BenchmarkRead is what a folder of 500 files costs, each with 20 workloads and what
// scales them, in every second of which something is found.
func BenchmarkRead(b *testing.B) {
	dir, size := b.TempDir(), 0
	for i := range 500 {
		var text strings.Builder
		for n := range 20 {
			more := ""
			if n%2 == 0 {
				more = "cooldownPeriod: 10"
			}
			both := workload("Deployment", "", "") + "---\n" + list(more, "")
			text.WriteString("---\n" + strings.NewReplacer("name: w", fmt.Sprintf("name: w-%d", n), "name: a", fmt.Sprintf("name: a-%d", n), "shop", fmt.Sprintf("shop-%d", i)).Replace(both))
		}
		size += text.Len()
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("load", func(b *testing.B) { // of which all the rest is a part
		b.SetBytes(int64(size))
		for b.Loop() {
			if _, err := sandbox.Load([]string{dir}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("judge", func(b *testing.B) {
		b.SetBytes(int64(size))
		for b.Loop() {
			if r := Read([]string{dir}, nil); len(r.Findings) != 500*10 {
				b.Fatal(len(r.Findings))
			}
		}
	})
}

// TestDemosAreWell: nothing is wrong with what kscope puts up itself, alone or together.
func TestDemosAreWell(t *testing.T) {
	const redis = "../../demo/manifests"
	folders, err := filepath.Glob(redis + "/*/scaledobject.yaml")
	if err != nil || len(folders) < 4 {
		t.Fatal(folders, err)
	}
	all := []string{redis}
	for _, file := range folders {
		all = append(all, filepath.Dir(file))
	}
	for _, paths := range append([][]string{all}, slices.Collect(slices.Chunk(all[1:], 1))...) {
		r := Read(paths, nil)
		if len(r.Findings) > 0 || r.Scales != len(paths) {
			t.Errorf("%q: %d objects that scale, %+v", paths, r.Scales, r.Findings)
		}
	}
}
