package k8s

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kscope/kscope"
)

func TestLookUpNamespace(t *testing.T) {
	shop := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "shop", errors.New("no"))
	for _, tt := range []struct {
		name    string
		objects []runtime.Object
		fail    []error // of the first requests, in turn
		create  bool    // after 12 seconds
		want    []kscope.State
		asked   int
	}{
		{"there", []runtime.Object{shop}, nil, false, nil, 1},
		{"not there", nil, nil, false, []kscope.State{kscope.Absent}, 13},
		{"made later", nil, nil, true, []kscope.State{kscope.Absent, kscope.Synced}, 4},
		{"not permitted", nil, []error{forbidden}, false, nil, 1},
		{"unreachable, then there", []runtime.Object{shop}, []error{errors.New("refused"), errors.New("refused")}, false, nil, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
				defer cancel()
				client := fake.NewClientset(tt.objects...)
				asked := 0
				client.PrependReactor("get", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
					asked++
					if asked <= len(tt.fail) {
						return true, nil, tt.fail[asked-1]
					}
					return false, nil, nil
				})
				if tt.create {
					go func() {
						time.Sleep(12 * time.Second) // of the bubble's clock
						_, _ = client.CoreV1().Namespaces().Create(ctx, shop, metav1.CreateOptions{})
					}()
				}
				var got []kscope.State
				New(Options{Client: client, Namespace: "shop"}).lookUpNamespace(ctx, func(f kscope.Fact) {
					got = append(got, f.(kscope.Status).State)
				})
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if asked != tt.asked {
					t.Errorf("got %d requests, want %d", asked, tt.asked)
				}
			})
		})
	}
}
