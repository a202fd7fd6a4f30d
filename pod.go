package kscope

import (
	"time"
)

// Pod is one pod, reduced to what decides its state.
type Pod struct {
	Ref        Ref
	UID        string
	Labels     map[string]string
	OwnerUID   string
	Node       string
	Created    time.Time
	Started    time.Time // zero until the kubelet took it
	ReadySince time.Time // zero while not ready
	Deleted    time.Time // when its grace period ends; zero while not terminating
	Phase      string    // Pending, Running, Succeeded, Failed, Unknown
	Ready      bool
	Scheduled  bool
	Restarts   int32
	Reason     string // why it is not ready: CrashLoopBackOff, Unschedulable, ...
	Message    string
}

// PodState is where a pod is in its life, as far as scaling cares.
type PodState int

// The states of a pod, in the order in which the lane shows them.
const (
	PodReady       PodState = iota
	PodStarting             // taken by a node, not ready yet
	PodPending              // waiting for a node
	PodFailing              // cannot start, or keeps stopping
	PodTerminating          // was told to stop
	PodFinished             // Succeeded or Failed; holds no replica
	podStates
)

// String is the word for the state.
func (p PodState) String() string {
	return [...]string{"ready", "starting", "pending", "failing", "terminating", "finished"}[p]
}

// failing are the reasons that do not pass by themselves soon.
var failing = map[string]bool{
	"CrashLoopBackOff": true, "ErrImagePull": true, "ImagePullBackOff": true, "InvalidImageName": true,
	"ErrImageNeverPull": true, "CreateContainerConfigError": true, "CreateContainerError": true,
	"RunContainerError": true, "OOMKilled": true, "Error": true, "Unschedulable": true, "Evicted": true,
	"ContainerCannotRun": true, "StartError": true, "DeadlineExceeded": true, "ContainerStatusUnknown": true,
	"ImageInspectError": true, "RegistryUnavailable": true, "SignatureValidationFailed": true,
	"PreCreateHookError": true, "PreStartHookError": true, "PostStartHookError": true,
}

// State is the pod's state.
func (p Pod) State() PodState {
	switch {
	case p.Phase == "Succeeded" || p.Phase == "Failed":
		return PodFinished
	case !p.Deleted.IsZero():
		return PodTerminating
	case p.Ready:
		return PodReady
	case failing[p.Reason]:
		return PodFailing
	case !p.Scheduled:
		return PodPending
	}
	return PodStarting
}

// PodCounts counts pods by state.
type PodCounts [podStates]int

// Alive is the number of pods that are there and not finished.
func (c PodCounts) Alive() int {
	return c[PodReady] + c[PodStarting] + c[PodPending] + c[PodFailing] + c[PodTerminating]
}
