// Package compare plays the same manifests under the same load on a real
// cluster and in the sandbox, and holds the replicas of one against the other.
// Meanwhile kscope watches the cluster, and what it says at every second is held
// against what KEDA and the HPA controller then do.
//
// The load of a [Scenario] is a list of lengths that its queue is set to, each
// at its moment; nobody takes jobs out of it. So the numbers of replicas follow
// from the levels alone, and not from races. What is left to chance are the
// phases of KEDA's polls and of the HPA's syncs, by which the same step may come
// earlier here than there, but never by more than one poll and one sync
// together. What cannot be compared in this way, and is worth hearing kscope on,
// is in [Scored].
//
// The parts run in different programs. The test itself has the cluster; the
// sandbox and kscope are of the module above, whose dependencies must not choose
// the versions that the cluster is compiled from, so they are in a test binary of
// that module. Both programs are made of the files of this package: [Play] cannot
// tell where it plays.
//
//	compare_test.go   the cluster, and the judgement of the comparison   (this module)
//	sandbox_test.go   the sandbox, in the time of a bubble               (the module above)
//	kscope_test.go    kscope on the cluster, and its score               (the module above)
//	everything else   both
package compare
