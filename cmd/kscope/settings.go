package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/tui"
)

// settings are the flags and the environment, understood.
type settings struct {
	config  *rest.Config
	redis   redis.Options
	tui     tui.Options
	label   string
	metrics string // where KEDA's operator serves its metrics; "" for its pod
}

// understand turns flags into settings, or says which flag cannot be meant.
// It reads the kubeconfig but speaks to nobody.
func (f *flags) understand(name string) (settings, error) {
	var s settings
	if _, err := labels.Parse(f.selector); err != nil {
		return s, usageError{fmt.Errorf("--selector %q: %w", f.selector, err)}
	}
	if f.redisInterval < 50*time.Millisecond {
		return s, usageError{fmt.Errorf("--redis-interval %s: 50ms at least, so as not to load the server", f.redisInterval)}
	}
	var err error
	if s.tui, err = f.screen.options(); err != nil {
		return s, err
	}
	s.label, s.tui.Selected = f.selector, f.selector != ""
	if at := f.kedaMetrics; at != "" {
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return s, usageError{errors.New("--keda-metrics: want a URL such as http://127.0.0.1:8080/metrics")}
		}
		s.metrics = at
	}
	s.redis = redis.Options{Interval: f.redisInterval, ReadOnly: f.screen.readOnly}
	if err := f.override(&s.redis); err != nil {
		return s, err
	}
	config, context, namespace, err := f.connect()
	if err != nil {
		return s, err
	}
	s.config = config
	s.config.Timeout = 0 // --request-timeout would end every watch
	if f.allNamespaces {
		namespace = ""
	}
	s.tui.Kubectl = f.chosen()
	s.tui.Mode, s.tui.Context, s.tui.Namespace, s.tui.Name, s.tui.LocalCluster = "LIVE", context, namespace, name, isLocal(context)
	return s, nil
}

// chosen is the flags that chose the cluster, as kubectl takes them. What proves who
// somebody is stays out of what is shown.
func (f *flags) chosen() (out []string) {
	for _, is := range [][2]string{{"--kubeconfig", f.kubeconfig}, {"--context", f.cluster.CurrentContext}, {"--cluster", f.cluster.Context.Cluster},
		{"--user", f.cluster.Context.AuthInfo}, {"--server", f.cluster.ClusterInfo.Server}} {
		if is[1] != "" {
			out = append(out, is[0]+"="+is[1])
		}
	}
	return out
}

// override reads where the queues are, whatever their triggers say. No error
// repeats what was given, which may hold a password by mistake.
func (f *flags) override(o *redis.Options) error {
	passwords, err := f.redisPasswords()
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, text := range f.redis {
		from := redis.PasswordVariable
		of, server, err := redis.ParseOverride(text, func(of string) string {
			for _, key := range []string{of, ""} {
				if p, ok := passwords[key]; ok {
					used[key], from = true, "the file of --redis-password-file"
					return p
				}
			}
			return os.Getenv(redis.PasswordVariable)
		})
		server.PasswordFrom = from
		if err != nil {
			return usageError{fmt.Errorf("--redis: %w", err)}
		}
		_, again := o.Overrides[of]
		switch {
		case of == "" && o.Override != nil:
			return usageError{errors.New("--redis: two servers for every queue; for one address it is ADDRESS=SERVER")}
		case of == "":
			o.Override = &server
		case again:
			return usageError{fmt.Errorf("--redis: two servers for %s", of)}
		default:
			if o.Overrides == nil {
				o.Overrides = map[string]redis.Server{}
			}
			o.Overrides[of] = server
		}
	}
	for of := range passwords {
		if used[of] {
			continue
		}
		which := "--redis"
		if of != "" {
			which += " " + of + "=SERVER"
		}
		return usageError{fmt.Errorf("--redis-password-file is the password for %s, which is not there; "+
			"passwords that triggers use are found as KEDA finds them", which)}
	}
	return nil
}

// redisPasswords reads the files that passwords for --redis are in, by the
// address that each is for, "" for all that have no file of their own.
func (f *flags) redisPasswords() (map[string]string, error) {
	passwords := map[string]string{}
	for _, text := range f.redisPassword {
		of, path := redis.CutAddress(text)
		if _, again := passwords[of]; again {
			return nil, usageError{errors.New("--redis-password-file: two files for one server; for one address it is ADDRESS=FILE")}
		}
		b, err := readSome(path)
		if err != nil {
			return nil, usageError{fmt.Errorf("--redis-password-file: %w; what was given is not shown, it may be the password itself", reasonOf(err))}
		}
		passwords[of] = strings.TrimRight(string(b), "\r\n")
	}
	return passwords, nil
}

// reasonOf is why a file cannot be read, without its name.
func reasonOf(err error) error {
	if x := (*fs.PathError)(nil); errors.As(err, &x) {
		return x.Err
	}
	return err
}

// readSome reads a file that is small, or what begins a device that has no end.
func readSome(path string) ([]byte, error) {
	const most = 64 << 10 // bytes
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if len(b) > most {
		return nil, fmt.Errorf("%s holds more than %d KiB, which is no password", path, most>>10)
	}
	return b, err
}

// connect is what the kubeconfig and its flags lead to.
func (f *flags) connect() (config *rest.Config, context, namespace string, err error) {
	if d, err := clientcmd.ParseTimeout(f.cluster.Timeout); err != nil || d < 0 {
		return nil, "", "", usageError{fmt.Errorf("--request-timeout %q: want a time such as 10s, or 0 for none", f.cluster.Timeout)}
	}
	loader := f.loader()
	raw, err := rawConfig(loader)
	if err != nil {
		return nil, "", "", &kscope.Trouble{Cause: fmt.Errorf("read kubeconfig: %w", withoutContents(err)), Hint: "check KUBECONFIG and --kubeconfig"}
	}
	_, named := raw.Contexts[raw.CurrentContext]
	if named = named || raw.CurrentContext == ""; named && len(raw.Clusters) == 0 && f.cluster.ClusterInfo.Server == "" && os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		// client-go would try localhost:8080, where hardly anyone is at home.
		return nil, "", "", &kscope.Trouble{Cause: fmt.Errorf("no cluster: there is no kubeconfig, or it is empty: %s", f.kubeconfigs()), Hint: "set KUBECONFIG or --kubeconfig; `kubectl config view` shows what kubectl would use"}
	}
	context = raw.CurrentContext
	if f.cluster.CurrentContext != "" {
		context = f.cluster.CurrentContext
	}
	if _, ok := raw.Contexts[context]; context != "" && !ok {
		return nil, "", "", &kscope.Trouble{Cause: fmt.Errorf("context %q is not in the kubeconfig %s", context, f.kubeconfigs()),
			Hint: "known contexts: " + orNone(slices.Collect(maps.Keys(raw.Contexts)))}
	}
	if cluster := f.clusterOf(&raw, context); cluster != "" && raw.Clusters[cluster] == nil {
		by := fmt.Sprintf("context %q", context)
		if f.cluster.Context.Cluster != "" {
			by = "--cluster"
		}
		return nil, "", "", &kscope.Trouble{Cause: fmt.Errorf("cluster %q, which %s names, is not in the kubeconfig %s", cluster, by, f.kubeconfigs()),
			Hint: "known clusters: " + orNone(slices.Collect(maps.Keys(raw.Clusters)))}
	}
	if err = haveEnds(f.credentialFiles(&raw, context)...); err == nil {
		namespace, _, err = loader.Namespace()
	}
	if err == nil {
		config, err = loader.ClientConfig()
	}
	if err == nil {
		if _, _, err = rest.DefaultServerUrlFor(config); err != nil {
			err = fmt.Errorf("server of the cluster: %w", err)
		}
	}
	if err != nil {
		return nil, "", "", &kscope.Trouble{Cause: fmt.Errorf("read kubeconfig: %w", withoutValues(err, &raw)), Hint: "kubectl config view shows what is there"}
	}
	return config, context, namespace, nil
}

// contents is what the words for YAML that cannot be read repeat of it, which may be
// a password that was not put in quotes.
var contents = regexp.MustCompile("(?s)unknown anchor '.*'|`[^`]*`|(invalid map key: |key )(\".*\"|map\\[.*|\\[.*)|\"(?:[^\"\\\\]|\\\\.)*\"")

// where is what stands before that: the file.
var where = regexp.MustCompile(`^.*config file "[^"]*": `)

func withoutContents(err error) error {
	head := where.FindString(err.Error())
	text := contents.ReplaceAllStringFunc(err.Error()[len(head):], func(s string) string {
		switch s[0] {
		case 'u':
			return "an anchor that is unknown is"
		case 'i':
			return "a key that cannot be one"
		case 'k':
			return "a key is"
		}
		return "…"
	})
	return errors.New(head + text)
}

// withoutValues is an error about what a kubeconfig leads to without the addresses in
// it that are none, or that may have a password in them.
func withoutValues(err error, raw *clientcmdapi.Config) error {
	text := err.Error()
	for _, c := range raw.Clusters {
		values := []string{c.ProxyURL}
		if u, err := url.Parse(c.Server); err != nil || u.Host == "" || u.User != nil {
			values = append(values, "http://"+c.Server, c.Server)
		}
		for _, v := range values {
			if v != "" {
				text = strings.NewReplacer(strconv.Quote(v), "…", v, "…").Replace(text)
			}
		}
	}
	return errors.New(text)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	sortStrings(names)
	return strings.Join(names, ", ")
}

// isLocal reports whether a context is by its name a cluster on the user's own
// machine, made by one of the tools for that.
func isLocal(context string) bool {
	for _, name := range []string{"minikube", "docker-desktop", "docker-for-desktop", "rancher-desktop", "orbstack", "colima", "microk8s", "kscope-e2e"} {
		if context == name {
			return true
		}
	}
	return strings.HasPrefix(context, "kind-") || strings.HasPrefix(context, "k3d-") || strings.HasPrefix(context, "colima-")
}

// utf8Locale reports whether the terminal may be sent more than ASCII: unless
// the locale names another character set, or it is the Linux console.
func utf8Locale() bool {
	if os.Getenv("TERM") == "linux" {
		return false
	}
	if runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// needTerminal refuses to open the screen where it could not be seen.
func needTerminal(stdin io.Reader, stdout io.Writer) error {
	const hint = "run it in a terminal; for scripts there is kubectl get scaledobject,hpa -w"
	out, ok := stdout.(term.File)
	if !ok || !term.IsTerminal(out.Fd()) {
		return &kscope.Trouble{Cause: errors.New("the dashboard needs a terminal, and stdout is not one"), Hint: hint}
	}
	in, ok := stdin.(term.File)
	if !ok || !term.IsTerminal(in.Fd()) {
		return &kscope.Trouble{Cause: errors.New("the dashboard needs a terminal, and stdin is not one"), Hint: hint}
	}
	if t := os.Getenv("TERM"); t == "dumb" {
		return &kscope.Trouble{Cause: errors.New("the dashboard needs a terminal that can move its cursor, and TERM is dumb"), Hint: "set TERM to what the terminal is, for instance xterm-256color"}
	}
	return nil
}
