// Package compare plays the same manifests under the same load on a real
// cluster and in the sandbox, and holds the replicas of one against the other.
//
// The load of a [Scenario] is a list of lengths that its queue is set to, each
// at its moment; nobody takes jobs out of it. So the numbers of replicas follow
// from the levels alone, and not from races. What is left to chance are the
// phases of KEDA's polls and of the HPA's syncs, by which the same step may come
// earlier here than there, but never by more than one poll and one sync
// together.
//
// The two halves run in different programs. The test itself has the cluster;
// the sandbox is part of the module above, whose dependencies must not choose
// the versions that the cluster is compiled from, so that half is a test binary
// of that module. Both are made of the files of this package: [Play] cannot tell
// where it plays.
//
//	compare_test.go   the cluster, and the judgement         (this module)
//	sandbox_test.go   the sandbox, in the time of a bubble   (the module above)
//	everything else   both
package compare
