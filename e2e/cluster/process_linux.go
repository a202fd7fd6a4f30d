package cluster

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processAttributes puts a child into a session of its own, out of reach of
// the terminal's signals. A tied child is killed when its starter dies, even
// if that is by SIGKILL.
func processAttributes(tied bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if tied {
		a.Pdeathsig = syscall.SIGKILL
	}
	return a
}

// startTime tells processes apart that have had the same pid: the boot, and
// the clock tick of that boot in which the process started. It is empty when
// there is no such process, or only its corpse.
func startTime(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything; the fields that matter
	// come after it: the state first, the start time as the 20th.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return ""
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(boot)) + "/" + f[19]
}
