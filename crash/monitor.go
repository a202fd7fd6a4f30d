package crash

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"

	"github.com/charmbracelet/x/term"
)

// variable holds, for the monitor alone, what it has to know.
const variable = "KSCOPE_CRASH_MONITOR"

// brief is what the monitor has to know.
type brief struct {
	In, Out *term.State
	About   string
}

func init() {
	if text, ok := os.LookupEnv(variable); ok {
		monitor(text)
		os.Exit(0)
	}
}

// Watch has a second process look after a terminal until this one ends: it gives it
// back where this one cannot. About is the first line of a trace's file. From here on
// a trace has all goroutines, and what libraries write to stderr, if that is a terminal,
// is not seen until aloud is called, which is when the terminal has been given back.
func Watch(t *Terminal, about string) (aloud func(), err error) {
	text, err := json.Marshal(brief{t.was, t.drew, about})
	if err != nil {
		return nil, err
	}
	self, err := executable()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	narrow(w)
	aloud, unseen := silence()
	if unseen != nil {
		defer func() { _ = unseen.Close() }()
	}
	cmd := exec.Command(self)
	cmd.Args = []string{"kscope", "(gives the terminal back)"}
	cmd.Env = append(os.Environ(), variable+"="+string(text))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, t.out, t.in
	if unseen != nil {
		cmd.ExtraFiles = []*os.File{unseen}
	}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		aloud()
		return nil, err
	}
	_ = cmd.Process.Release()
	t.mu.Lock()
	t.monitor = w
	t.mu.Unlock()
	debug.SetTraceback("all")
	if err := debug.SetCrashOutput(w, debug.CrashOptions{}); err != nil {
		t.given()
		aloud()
		return nil, err
	}
	speak := aloud // the name is of the result from here on
	return func() { t.given(); speak() }, nil
}

// executable is the program that runs, even if its file has been replaced.
func executable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// monitor waits for the end of the process that started it, or for its trace.
func monitor(text string) {
	ignoreSignals()
	var b brief
	if json.Unmarshal([]byte(text), &b) != nil || b.In == nil || b.Out == nil {
		return
	}
	t := Terminal{in: os.Stderr, out: os.Stdout, was: b.In, drew: b.Out}
	first := make([]byte, 1024)
	n, _ := os.Stdin.Read(first)
	if n == 0 { // it was killed, or its terminal took nothing
		discard(t.out)
		t.GiveBack("")
		return
	}
	if string(first[:1]) == given { // and it may die yet
		if n = copy(first, first[1:n]); n == 0 {
			n, _ = os.Stdin.Read(first)
		}
	}
	if n == 0 {
		return // it ended by itself
	}
	// Until more is read the other process cannot end, having more to say than
	// the pipe holds: nobody draws a prompt meanwhile.
	t.Restore()
	gave := t.say(undo) // before a disk is waited for
	begin := append([]byte(b.About+"\n"), lastWords(os.NewFile(3, "stderr"))...)
	file, line := open(append(begin, first[:n]...))
	line = "kscope: " + line + "\n"
	if gave {
		t.say(line)
	} else { // it took nothing: once nobody writes any more
		defer func() {
			discard(t.out)
			t.GiveBack(line)
		}()
	}
	if file == nil {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(file, os.Stdin); err != nil {
		t.say(fmt.Sprintf("kscope: and only the beginning of the trace is there (%v)\n", err))
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}
