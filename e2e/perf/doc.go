// Package perf measures kscope against the limits that it has to hold: the
// real binary in a pseudo-terminal, over a real Kubernetes with KEDA and Redis,
// at one ScaledObject and at hundreds of them with thousands of pods, with
// kubectl get -w beside it in the same run.
//
// It measures and does not judge the machine: everything, the cluster
// included, shares the cores that there are, so that figures from a busy
// machine say little. The load is therefore part of the report.
//
// What is timed is when text is on the screen of a terminal emulator, not when
// bytes were written. Package screen is not used for that: it looks every few
// milliseconds, which is a good part of the times measured here.
package perf
