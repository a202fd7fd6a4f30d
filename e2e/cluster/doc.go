// Package cluster runs a real Kubernetes control plane with a real KEDA as
// plain processes on loopback, to build and test kscope against.
//
// Everything that decides is the genuine program: etcd, kube-apiserver,
// kube-controller-manager (so the HPA controller), kube-scheduler, KEDA's
// operator, metrics adapter and admission webhooks, and a Redis server; and, where
// asked for, the interceptor and the scaler of KEDA's HTTP add-on. Only
// the nodes are pretended: kwok moves pods through their phases without running
// a container, and package workers plays the programs that would run in them.
//
// The programs are compiled once from the versions pinned in this module's
// go.mod, and in httpaddon's, and kept under the user's cache directory. Starting a cluster from
// them takes seconds, and needs neither root, nor containers, nor a network
// beyond loopback.
//
// The package knows nothing of kscope.
package cluster
