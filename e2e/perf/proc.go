package perf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// memory is what a process has resident, in bytes.
type memory struct{ rss, peak, anon, file int64 }

// memoryOf reads /proc, so this works on Linux only.
func memoryOf(pid int) (memory, error) {
	var m memory
	path := fmt.Sprintf("/proc/%d/status", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	for name, to := range map[string]*int64{"VmRSS:": &m.rss, "VmHWM:": &m.peak, "RssAnon:": &m.anon, "RssFile:": &m.file} {
		_, after, ok := strings.Cut(string(b), "\n"+name)
		f := strings.Fields(after)
		if !ok || len(f) == 0 {
			return m, fmt.Errorf("%s has no %s", path, name)
		}
		kb, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			return m, fmt.Errorf("%s: %s %w", path, name, err)
		}
		*to = kb << 10
	}
	return m, nil
}

// tick is the unit of times in /proc/PID/stat, the same on every Linux.
const tick = 10 * time.Millisecond

// cpuOf is the time that a process has computed, in user and kernel mode.
func cpuOf(pid int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything.
	_, after, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(after)
	if !ok || len(f) < 13 {
		return 0, fmt.Errorf("%s: %q", path, b)
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	system, err := strconv.ParseInt(f[12], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return time.Duration(user+system) * tick, nil
}

// turns is how long the threads of a process, taken together, have been on a
// core and have been ready to run without one.
type turns struct{ ran, waited time.Duration }

// turnsOf leaves threads out that have ended.
func turnsOf(pid int) (turns, error) {
	var all turns
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(paths) == 0 {
		return all, fmt.Errorf("process %d has no schedstat: %w", pid, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		if err != nil {
			return all, err
		}
		var ran, waited int64
		if _, err := fmt.Sscan(string(b), &ran, &waited); err != nil {
			return all, fmt.Errorf("%s: %q: %w", path, b, err)
		}
		all.ran += time.Duration(ran)
		all.waited += time.Duration(waited)
	}
	return all, nil
}

func (t turns) since(before turns) turns { return turns{t.ran - before.ran, t.waited - before.waited} }

// loadAverage is that of the last minute, 0 where it is not known.
func loadAverage() float64 {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}
