// Package sandbox is a cluster in memory: manifests in, and out of it what a
// real cluster would give to the sources of kscope, which cannot tell the
// difference: Kubernetes clients to watch with, a Redis server that any program
// may connect to, and a clock that can run faster than life.
//
// What happens in it is played by package world. This package is the edges
// around that: it reads and checks manifests as kubectl, the API server and
// KEDA's schema do ([Load]), serves the objects through client-go's fakes,
// starts the Redis of package redisd, and moves the world along with the time ([Sandbox.Run]). It
// reads no wall clock but the one it is given and writes no files.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/dump"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

// Options say what the sandbox is made of.
type Options struct {
	// Manifests are what [Load] gave.
	Manifests Manifests
	// Wall is the clock on the wall. It must be set.
	Wall kscope.Clock
	// Start is what the sandbox's clock shows first; the time on the wall when
	// zero.
	Start time.Time
	// Speed is how many seconds pass in the sandbox in one on the wall, from
	// [MinSpeed] to [MaxSpeed].
	Speed float64
	// Seed decides everything that is left to chance.
	Seed uint64
	// RedisPort is the port of 127.0.0.1 at which Redis listens; one that is
	// free when 0.
	RedisPort int
	// NoPort makes Redis listen nowhere: only [Sandbox.Dial] leads to it.
	NoPort bool
	// ServiceTime is what a worker takes for a job, and ServiceSpread by which
	// part of it (0 to 1) that varies.
	ServiceTime   time.Duration
	ServiceSpread float64
	// StartTime is what a pod takes from being placed to running, and
	// StartSpread by which part of it (0 to 1) that varies.
	StartTime   time.Duration
	StartSpread float64
	// NoWorkers leaves the jobs to the user's own programs.
	NoWorkers bool
	// Brokers are those, as in [kscope.Backlog], that are real ones elsewhere: KEDA goes
	// by what [Sandbox.Measured] is told of their queues, and workers take nothing from
	// them. The objects must pass through [Sandbox.StandIns].
	Brokers []string
	// Witness, unless nil, is told what is done in the sandbox, before it shows.
	// It is called while the world moves, and must not call the Sandbox.
	Witness func(world.Deed)
}

// Sandbox is a running cluster in memory. Its methods may be called from any
// goroutine. Now, Speed, SetSpeed, Redis and Breakages wait for nobody, so that a
// screen may call them; Break and Mend wait for the world.
type Sandbox struct {
	clock   *clock
	api     *api
	redis   *redis
	typed   clientset
	dynamic dynamic.Interface
	forget  func() // what client-go's fakes remember of requests

	poked chan struct{} // holds one: Run has something to look at
	wrote atomic.Bool   // somebody wrote to Redis since the world last looked

	brokers []string // that are real ones
	keys    bool     // a trigger measures a key of Redis

	mu      sync.Mutex // guards the world and the order in which its changes appear
	world   *world.World
	outside map[kscope.Backlog][]triggers.Redis // the lists that queues of real brokers stand for
	targets []target
	scaled  []scaledObject
	before  []runtime.Object // what a breakage of the authentication took away or changed
	stray   func()           // ends the producer that takes one key for another
	aged    time.Time        // on the wall, when Redis was told last how time passes

	state  sync.Mutex // guards what follows, and is never held for longer than that takes
	broken map[string]bool
}

// New makes a sandbox in which everything has just been applied. Redis listens
// from here on; nothing else happens until [Sandbox.Run]. Close it in the end.
func New(o Options) (*Sandbox, error) {
	if o.Wall == nil {
		return nil, errors.New("the sandbox needs a clock")
	}
	if err := checkSpeed(o.Speed); err != nil {
		return nil, err
	}
	if len(o.Manifests.Objects) == 0 {
		return nil, errors.New("the sandbox needs manifests")
	}
	s := &Sandbox{
		clock:  newClock(o.Wall, o.Start, o.Speed),
		api:    newAPI(),
		poked:  make(chan struct{}, 1),
		broken: map[string]bool{},
		aged:   o.Wall(),

		brokers: o.Brokers, outside: map[kscope.Backlog][]triggers.Redis{},
	}
	if err := s.openClients(); err != nil {
		return nil, err
	}
	var err error
	if s.redis, err = startRedis(!o.NoPort, o.RedisPort, s.onWrite); err != nil {
		return nil, err
	}
	s.world = world.New(world.Options{
		Seed: o.Seed, Start: s.clock.base, Jitter: true,
		ServiceTime: o.ServiceTime, ServiceSpread: o.ServiceSpread,
		StartTime: o.StartTime, StartSpread: o.StartSpread,
		NoWorkers: o.NoWorkers, Witness: o.Witness,
	}, s.redis)
	s.redis.logins = o.Manifests.logins()
	s.redis.Guard(s.redis.logins...)
	if err := s.apply(o.Manifests); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Sandbox) openClients() error {
	var err error
	if s.typed, err = s.api.typed(); err != nil {
		return err
	}
	d, fake := s.api.dynamic()
	s.dynamic = d
	s.forget = func() {
		s.typed.fake.ClearActions()
		fake.ClearActions()
	}
	return nil
}

// manager is who the objects of the manifests are said to come from.
const manager = "kubectl-client-side-apply"

// apply puts the manifests into the world, together with the namespaces that
// they take for granted.
func (s *Sandbox) apply(m Manifests) error {
	for _, name := range m.missingNamespaces() {
		if err := s.world.Apply(namespace(name), manager); err != nil {
			return err
		}
	}
	for _, obj := range m.Objects {
		now, err := s.present(obj, m.taken)
		if err == nil {
			err = s.world.Apply(now, manager)
		}
		if err != nil {
			return oneLine(fmt.Errorf("%s: %w", title(obj), err))
		}
	}
	s.targets, s.scaled = m.targets(), m.scaledObjects()
	s.keys = m.keys()
	s.redis.fill(m.queued)
	return s.publish()
}

// present is an object of a dump as if that had been made just now; any other as it is.
func (s *Sandbox) present(obj runtime.Object, taken time.Time) (runtime.Object, error) {
	m, err := meta.Accessor(obj)
	if err != nil || !dump.Written(m) {
		return obj.DeepCopyObject(), err
	}
	return dump.Later(obj, s.clock.base.Sub(taken))
}

// Clients read the cluster: get, list and watch, by namespace, label and field,
// with versions that grow, and never a change lost between a list and its
// watch. They do not write.
func (s *Sandbox) Clients() (kubernetes.Interface, dynamic.Interface) { return s.typed, s.dynamic }

// Now is the time in the sandbox. It goes on evenly at the current speed and
// never back.
func (s *Sandbox) Now() time.Time { return s.clock.now() }

// Speed is how many seconds pass in the sandbox in one on the wall.
func (s *Sandbox) Speed() float64 { return s.clock.rate() }

// SetSpeed changes how fast time passes, without a jump. It fails outside of
// [MinSpeed] to [MaxSpeed].
func (s *Sandbox) SetSpeed(speed float64) error {
	if err := checkSpeed(speed); err != nil {
		return err
	}
	s.clock.set(speed)
	s.poke()
	return nil
}

// Redis is the address at which other programs reach the queues; the same
// server stands in for every address that a trigger names, so that two
// triggers that name one key in one database share it, whatever their
// addresses. With NoPort nothing listens there.
func (s *Sandbox) Redis() string { return s.redis.address() }

// User is who the Redis server asks for with a password, and whether it asks at all: it
// does where all triggers come with one. The default user has no name.
func (s *Sandbox) User() (name string, asked bool) {
	if len(s.redis.logins) == 0 {
		return "", false
	}
	return s.redis.logins[0].User, true
}

// Dial connects to the sandbox's Redis, whatever the address, or fails as a
// connection to that address does while Redis is lost.
func (s *Sandbox) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	conn, err := s.redis.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return inProcess{conn}, nil
}

// inProcess is a connection to the sandbox's own Redis.
type inProcess struct{ net.Conn }

// Through says what leads to the server, whatever address was dialled.
func (inProcess) Through() string { return "the sandbox plays it, in this process" }

// Close ends Redis and all connections to it, within a second or so whatever the
// clients do. Run should have ended before.
func (s *Sandbox) Close() { s.redis.Close() }
