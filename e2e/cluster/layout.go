package cluster

import (
	"crypto/x509/pkix"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

//go:embed kwok.yaml
var kwokConfig []byte

// forwards makes a port-forward through the API server end at a program here: to Redis'
// port of any pod at the one real Redis, to those of an interceptor of KEDA's HTTP add-on
// at that.
const forwards = `---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata:
  name: programs
spec:
  forwards:
  - ports: [6379]
    target: {address: 127.0.0.1, port: %d}
  - ports: [8080]
    target: {address: 127.0.0.1, port: %d}
  - ports: [%[3]d]
    target: {address: 127.0.0.1, port: %[3]d}
`

// The parts of a cluster, and where they are found.
type parts struct {
	redis, etcd, apiServer             *Program
	controllerManager, scheduler, kwok *Program
	operator, adapter, webhooks        *Program
	adapterPort, webhooksPort          int
}

// layOut chooses the ports, makes the keys, and says how each program is run.
//
//	    etcd
//	      │
//	kube-apiserver ──────────► keda-webhooks    admission
//	  │   │   └──────────────► keda-adapter     external metrics
//	  │   │                        │ gRPC
//	  │   └── controller manager   ▼
//	  │       scheduler, kwok   keda-operator ──► redis
//	  └──────────────────────────┘
func (c *Cluster) layOut(o Options, redis string) (*parts, error) {
	ports, err := freePorts(15)
	if err != nil {
		return nil, err
	}
	api, etcd, etcdPeer, redisPort := ports[0], ports[1], ports[2], ports[3]
	grpc, opMetrics, opProbe := ports[4], ports[5], ports[6]
	adapter, adapterMetrics, webhooks, webhooksProbe := ports[7], ports[8], ports[9], ports[10]
	kubelet := ports[11]
	c.AddOn = AddOn{Proxy: ports[12], Admin: ports[13], Scaler: ports[14]}
	c.Host = "https://" + loopback(api)
	c.RedisAddr = loopback(redisPort)
	c.KEDAMetrics = "http://" + loopback(opMetrics) + "/metrics"
	if err := c.makeKeys(); err != nil {
		return nil, err
	}
	kubeconfigs := map[string]string{}
	for name, who := range map[string]pkix.Name{
		"admin":           {CommonName: "admin", Organization: []string{"system:masters"}},
		ControllerManager: {CommonName: "system:kube-controller-manager"},
		Scheduler:         {CommonName: "system:kube-scheduler"},
	} {
		if kubeconfigs[name], err = c.certKubeconfig(name, "", who); err != nil {
			return nil, err
		}
	}
	c.Kubeconfig = kubeconfigs["admin"]
	kwok := append(slices.Clip(kwokConfig), fmt.Sprintf(forwards, redisPort, c.AddOn.Proxy, c.AddOn.Admin)...)
	if err := os.WriteFile(filepath.Join(c.Dir, "kwok.yaml"), kwok, 0o600); err != nil {
		return nil, err
	}
	if err := c.name(addOnScalerName); err != nil {
		return nil, err
	}
	bin := func(name string) string { return filepath.Join(c.Bin, name) }
	pki := func(name string) string { return filepath.Join(c.pkiDir(), name) }
	// KEDA's own kubeconfig is written by installKEDA: its token can only be
	// had from the running API server.
	kedaKubeconfig := filepath.Join(c.Dir, "keda.kubeconfig")
	kedaEnv := []string{
		"KUBECONFIG=" + kedaKubeconfig,
		"WATCH_NAMESPACE=",
		"POD_NAMESPACE=keda",
		"KEDA_CLUSTER_OBJECT_NAMESPACE=keda", // otherwise read from a file that only a pod has
		"KEDA_SCALEDOBJECT_CTRL_MAX_RECONCILES=20",
	}
	// The default limits of the clients, 20 to 50 requests a second, would make
	// a load of 5,000 pods last for minutes.
	const qps, burst = "--kube-api-qps=400", "--kube-api-burst=600"

	return &parts{
		redis: &Program{Name: Redis, Path: redis, Ready: "tcp://" + c.RedisAddr, Args: []string{
			"--bind", "127.0.0.1", "--port", fmt.Sprint(redisPort), "--save", "", "--appendonly", "no",
		}},
		etcd: &Program{Name: Etcd, Path: bin("etcd"), Ready: "http://" + loopback(etcd) + "/health", Args: []string{
			"--data-dir=" + filepath.Join(c.Dir, "etcd"),
			"--listen-client-urls=http://" + loopback(etcd),
			"--advertise-client-urls=http://" + loopback(etcd),
			"--listen-peer-urls=http://" + loopback(etcdPeer),
			"--initial-advertise-peer-urls=http://" + loopback(etcdPeer),
			"--initial-cluster=default=http://" + loopback(etcdPeer),
			"--unsafe-no-fsync", // nothing here has to survive a power cut
			"--log-level=warn",
		}},
		apiServer: &Program{Name: APIServer, Path: bin("kube-apiserver"), Ready: c.Host + "/readyz", Args: []string{
			"--etcd-servers=http://" + loopback(etcd),
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", api),
			"--endpoint-reconciler-type=none", // endpoints may not be loopback addresses
			"--service-cluster-ip-range=10.96.0.0/16",
			"--authorization-mode=RBAC",
			"--allow-privileged",
			"--client-ca-file=" + pki("ca.crt"),
			"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
			// The kubelet of every node is kwok.
			"--kubelet-preferred-address-types=InternalIP",
			"--kubelet-certificate-authority=" + pki("ca.crt"),
			"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
			"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + pki("service-accounts.key"),
			"--service-account-signing-key-file=" + pki("service-accounts.key"),
			"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
			"--requestheader-allowed-names=front-proxy-client",
			"--requestheader-username-headers=X-Remote-User",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
			"--proxy-client-key-file=" + pki("front-proxy-client.key"),
		}},
		controllerManager: &Program{Name: ControllerManager, Path: bin("kube-controller-manager"), Args: []string{
			"--kubeconfig=" + kubeconfigs[ControllerManager],
			"--secure-port=0",
			"--leader-elect=false",
			// KEDA grants its metrics to the HPA controller's own account.
			"--use-service-account-credentials",
			"--service-account-private-key-file=" + pki("service-accounts.key"),
			"--root-ca-file=" + pki("ca.crt"),
			"--horizontal-pod-autoscaler-sync-period=" + o.HPASyncPeriod.String(),
			"--concurrent-horizontal-pod-autoscaler-syncs=20",
			"--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20",
			qps, burst,
		}},
		scheduler: &Program{Name: Scheduler, Path: bin("kube-scheduler"), Args: []string{
			"--kubeconfig=" + kubeconfigs[Scheduler],
			"--secure-port=0",
			"--leader-elect=false",
			qps, burst,
		}},
		kwok: &Program{Name: Kwok, Path: bin("kwok"), Args: []string{
			"--kubeconfig=" + c.Kubeconfig,
			"--config=" + filepath.Join(c.Dir, "kwok.yaml"),
			"--node-ip=127.0.0.1", fmt.Sprintf("--node-port=%d", kubelet), "--server-address=" + loopback(kubelet),
			"--tls-cert-file=" + pki("kubelet.crt"), "--tls-private-key-file=" + pki("kubelet.key"),
			"--v=WARN",
		}},
		operator: &Program{
			Name: KEDAOperator, Path: bin("keda-operator"), Env: slices.Concat(kedaEnv, []string{ownNames}, o.OperatorEnv), Restart: true,
			Ready: "http://" + loopback(opProbe) + "/readyz",
			Args: []string{
				"--metrics-service-bind-address=" + loopback(grpc),
				"--metrics-bind-address=" + loopback(opMetrics),
				"--health-probe-bind-address=" + loopback(opProbe),
				"--cert-dir=" + pki("keda"), "--enable-cert-rotation=false",
				qps, burst,
			},
		},
		adapterPort: adapter,
		adapter: &Program{
			Name: KEDAAdapter, Path: bin("keda-adapter"), Env: kedaEnv, Restart: true,
			Ready: "https://" + loopback(adapter) + "/readyz",
			Args: []string{
				"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", adapter), fmt.Sprintf("--port=%d", adapterMetrics),
				fmt.Sprintf("--metrics-service-address=localhost:%d", grpc),
				"--lister-kubeconfig=" + kedaKubeconfig,
				"--authentication-kubeconfig=" + kedaKubeconfig,
				"--authorization-kubeconfig=" + kedaKubeconfig,
				"--cert-dir=" + pki("keda"), "--client-ca-file=" + pki("keda/ca.crt"),
				"--tls-cert-file=" + pki("keda/tls.crt"), "--tls-private-key-file=" + pki("keda/tls.key"),
				qps, burst,
			},
		},
		webhooksPort: webhooks,
		webhooks: &Program{
			Name: KEDAWebhooks, Path: bin("keda-webhooks"), Env: kedaEnv, Restart: true,
			Ready: "http://" + loopback(webhooksProbe) + "/readyz",
			Args: []string{
				fmt.Sprintf("--port=%d", webhooks), "--metrics-bind-address=0",
				"--health-probe-bind-address=" + loopback(webhooksProbe),
				"--cert-dir=" + pki("keda"),
				qps, burst,
			},
		},
	}, nil
}

// makeKeys writes every certificate and key but those of the kubeconfigs.
func (c *Cluster) makeKeys() error {
	ca, err := newAuthority("kscope-e2e")
	if err != nil {
		return err
	}
	proxy, err := newAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	keda, err := newAuthority("keda")
	if err != nil {
		return err
	}
	for _, pair := range []struct {
		by        *authority
		dir, name string
		who       string
		hosts     []string
	}{
		{ca, "", "apiserver", "kube-apiserver", []string{"127.0.0.1", "localhost", "10.96.0.1", "kubernetes", "kubernetes.default.svc"}},
		{ca, "", "kubelet", "kubelet", []string{"127.0.0.1"}},
		{ca, "", "apiserver-kubelet-client", "kube-apiserver-kubelet-client", nil},
		{ca, "", "service-accounts", "service-accounts", nil}, // only its key is used
		{proxy, "", "front-proxy-client", "front-proxy-client", nil},
		{keda, "keda", "tls", "keda", []string{"127.0.0.1", "localhost", "keda-metrics-apiserver.keda.svc", "keda-admission-webhooks.keda.svc"}},
	} {
		cert, key, err := pair.by.issue(pkix.Name{CommonName: pair.who}, pair.hosts...)
		if err == nil {
			err = savePair(filepath.Join(c.pkiDir(), pair.dir), pair.name, cert, key)
		}
		if err != nil {
			return fmt.Errorf("make certificate %s: %w", pair.name, err)
		}
	}
	if err := proxy.save(c.pkiDir(), "front-proxy-ca"); err != nil {
		return err
	}
	if err := keda.save(filepath.Join(c.pkiDir(), "keda"), "ca"); err != nil {
		return err
	}
	return ca.save(c.pkiDir(), "ca")
}
