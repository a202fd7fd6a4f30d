package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say what cluster to start. The zero value is a good one.
type Options struct {
	// Dir keeps the cluster's state and logs. It is emptied first. By default
	// it is a temporary directory, which Stop removes.
	Dir string
	// HPASyncPeriod is how often the HPA controller looks at each HPA;
	// 15 seconds, as in any cluster, by default.
	HPASyncPeriod time.Duration
	// Nodes is the number of pretended nodes, 5 by default. Each has room for
	// 4,000 pods.
	Nodes int
	// Detached leaves the processes running when the starter exits. Otherwise
	// the kernel kills them with it (on Linux).
	Detached bool
	// AsReleased runs the programs as a release is compiled, for measuring. By
	// default they are compiled in half the time, and a little slower.
	AsReleased bool
	// OperatorEnv is added to the environment of KEDA's operator, as name=value: where
	// it finds the certificates that it trusts, for one.
	OperatorEnv []string
	// Progress is told what is going on; nil for silence.
	Progress io.Writer
}

// A Cluster is a running control plane with KEDA. Its methods may be called from
// several goroutines.
type Cluster struct {
	Dir         string // state, kubeconfigs, and logs as NAME.log
	Bin         string // the programs, kubectl among them
	Kubeconfig  string // of the administrator
	Host        string // URL of the API server
	RedisAddr   string // host:port
	KEDAMetrics string // URL of the KEDA operator's Prometheus endpoint
	AddOn       AddOn
	Programs    []*Program

	// Config is the administrator's, without a client-side rate limit.
	Config  *rest.Config         `json:"-"`
	Client  kubernetes.Interface `json:"-"`
	Dynamic dynamic.Interface    `json:"-"`

	mu          sync.Mutex // guards Programs and what is in them
	temporary   bool
	tied        bool // the programs die with this process
	spawner     *spawner
	stopKeeping func()
	mapper      *restmapper.DeferredDiscoveryRESTMapper
}

// Start builds the programs if need be, starts a cluster and returns when all
// of it answers, the external metrics API included. If it fails it leaves no
// process behind.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	if o.HPASyncPeriod == 0 {
		o.HPASyncPeriod = 15 * time.Second
	}
	if o.Nodes == 0 {
		o.Nodes = 5
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is not on the PATH; install it, with: apt-get install redis-server")
	}
	bin, err := Build(ctx, o.AsReleased, o.Progress)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: o.Dir, Bin: bin}
	if c.Dir == "" {
		c.temporary = true
		c.Dir, err = os.MkdirTemp("", "kscope-e2e-")
	} else if err = os.RemoveAll(c.Dir); err == nil {
		err = os.MkdirAll(c.Dir, 0o700)
	}
	if err != nil {
		return nil, err
	}
	c.tied = !o.Detached
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, 3*time.Minute, errors.New("the cluster did not start within 3 minutes"))
	defer cancel()
	if err := c.start(ctx, o, redis); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options, redis string) error {
	began := time.Now()
	done := func(what string) {
		fmt.Fprintf(o.Progress, "%5.1fs  %s\n", time.Since(began).Seconds(), what)
	}
	p, err := c.layOut(o, redis)
	if err != nil {
		return err
	}
	if err := c.run(ctx, p.redis, p.etcd, p.apiServer); err != nil {
		return err
	}
	done("kube-apiserver is ready")
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.run(ctx, p.controllerManager, p.scheduler, p.kwok); err != nil {
		return err
	}
	if err := c.createNodes(ctx, o.Nodes); err != nil {
		return err
	}
	late, err := c.installKEDA(ctx)
	if err != nil {
		return err
	}
	done("KEDA is installed")
	if err := c.run(ctx, p.operator, p.adapter, p.webhooks); err != nil {
		return err
	}
	done("KEDA is running")
	if err := c.announceKEDA(ctx, p, late); err != nil {
		return err
	}
	done("external metrics are served")
	if err := c.waitForNodes(ctx, o.Nodes); err != nil {
		return err
	}
	done("nodes are ready")
	if !o.Detached {
		c.keep(o.Progress)
	}
	return nil
}

// keep runs Keep until Stop.
func (c *Cluster) keep(log io.Writer) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Keep(ctx, log)
	}()
	c.stopKeeping = func() { cancel(); <-done }
}

// Open returns the cluster that an earlier process started in dir. Whether it
// still runs, Alive on its Programs tells.
func Open(dir string) (*Cluster, error) {
	c, err := read(dir)
	if err != nil {
		return nil, err
	}
	return c, c.connect()
}

func read(dir string) (*Cluster, error) {
	b, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return c, nil
}

// save lets Open find the cluster, and its processes be stopped, later.
func (c *Cluster) save() error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(c.Dir, "cluster.json.tmp")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(c.Dir, "cluster.json"))
}

// connect makes the administrator's clients.
func (c *Cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	c.Config = config
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	c.Client = client
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	c.Dynamic, err = dynamic.NewForConfig(config)
	return err
}

// Kubectl returns the path of the kubectl that belongs to the cluster.
func (c *Cluster) Kubectl() string { return filepath.Join(c.Bin, "kubectl") }

func (c *Cluster) pkiDir() string { return filepath.Join(c.Dir, "pki") }
