package nats

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// varz is what a server tells of itself at /varz.
type varz struct {
	ID      string `json:"server_id"`
	Name    string `json:"server_name"`
	Version string `json:"version"`
	Port    int    `json:"port"` // for clients
	TLS     bool   `json:"tls_required"`
	// Certificates says that clients need one.
	Certificates bool `json:"tls_verify"`
	// Clients is where clients are told to find the servers of the cluster, by
	// host:port; nothing where that is not advertised.
	Clients []string `json:"connect_urls"`
	Cluster struct {
		Routes []string `json:"urls"` // by which the servers find each other
	} `json:"cluster"`
}

// jsz is what a server tells of JetStream at /jsz, of one account.
type jsz struct {
	ID       string    `json:"server_id"`
	Disabled bool      `json:"disabled"`
	Accounts []account `json:"account_details"`
	Meta     struct {
		Servers int `json:"cluster_size"`
	} `json:"meta_cluster"`
}

type account struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Streams []stream `json:"stream_detail"`
}

type stream struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Config  struct {
		Subjects []string `json:"subjects"`
	} `json:"config"`
	Consumers []consumer `json:"consumer_detail"`
}

type consumer struct {
	Name        string         `json:"name"`
	Pending     float64        `json:"num_pending"`
	Unacked     float64        `json:"num_ack_pending"`
	Redelivered float64        `json:"num_redelivered"`
	Waiting     float64        `json:"num_waiting"`
	Bound       bool           `json:"push_bound"`
	Paused      bool           `json:"paused"`
	Config      consumerConfig `json:"config"`
	Cluster     struct {
		Leader string `json:"leader"`
	} `json:"cluster"`
}

type consumerConfig struct {
	Filter     string   `json:"filter_subject"`
	Filters    []string `json:"filter_subjects"`
	MaxUnacked float64  `json:"max_ack_pending"`
	Deliver    string   `json:"deliver_subject"` // of one that pushes
}

// filters are the subjects that a consumer takes; none for all of the stream.
func (c *consumer) filters() []string {
	if c.Config.Filter != "" {
		return []string{c.Config.Filter}
	}
	return c.Config.Filters
}

// in finds what a trigger names; nil for what is not there.
func (j *jsz) in(q protocol.Queue) (a *account, s *stream, c *consumer) {
	for i := range j.Accounts {
		if is := &j.Accounts[i]; is.ID == accountOf(q.Parameters) || is.Name == q.Text("account") {
			a = is
			break
		}
	}
	if a == nil {
		return nil, nil, nil
	}
	if i := slices.IndexFunc(a.Streams, func(s stream) bool { return s.Name == q.Text("stream") }); i >= 0 {
		s = &a.Streams[i]
	} else {
		return a, nil, nil
	}
	if i := slices.IndexFunc(s.Consumers, func(c consumer) bool { return c.Name == q.Text("consumer") }); i >= 0 {
		c = &s.Consumers[i]
	}
	return a, s, c
}

// peers is where KEDA asks the other servers of a cluster: at the hosts that clients are
// told, by the endpoint's port; else at the first labels of the routes, below the
// endpoint's own name, as a headless Service has them (getNATSJetstreamMonitoringData).
func peers(v varz, endpoint string) (hosts []string) {
	_, port, err := net.SplitHostPort(endpoint)
	for _, at := range v.Clients {
		host, _, split := net.SplitHostPort(at)
		if split != nil {
			continue
		}
		if err == nil {
			host = net.JoinHostPort(host, port)
		}
		hosts = append(hosts, host)
	}
	if len(v.Clients) == 0 {
		for _, at := range v.Cluster.Routes {
			label, _, _ := strings.Cut(at, ".")
			hosts = append(hosts, label+"."+endpoint)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
