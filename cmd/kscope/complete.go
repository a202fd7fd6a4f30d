package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kscope/kscope"
)

func sortStrings(ss []string) { slices.Sort(ss) }

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeContexts offers the contexts of the kubeconfig.
func completeContexts(f *flags) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		raw, err := rawConfig(f.loader())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for name := range raw.Contexts {
			names = append(names, name)
		}
		slices.Sort(names)
		return plain(names), cobra.ShellCompDirectiveNoFileComp
	}
}

// plain are the names that a shell may show: it writes them as they are.
func plain(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name != kscope.Clean(name) })
}

// completeNamespaces offers the namespaces of the cluster.
func completeNamespaces(f *flags) completion {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return f.names(cmd.Context(), schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "")
	}
}

// completeNames offers the ScaledObjects of the namespace.
func completeNames(f *flags) completion {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		_, _, namespace, err := f.connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return f.names(cmd.Context(), schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}, namespace)
	}
}

// names lists the names of a resource, giving up soon: a shell is waiting.
func (f *flags) names(ctx context.Context, what schema.GroupVersionResource, namespace string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	config, _, _, err := f.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	if p := config.ExecProvider; p != nil {
		p.StdinUnavailable = true // the shell has the terminal
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := client.Resource(what).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 500})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.GetName())
	}
	return plain(names), cobra.ShellCompDirectiveNoFileComp
}

// completeTheme is the two there are.
var completeTheme = cobra.FixedCompletions([]string{"dark", "light"}, cobra.ShellCompDirectiveNoFileComp)
