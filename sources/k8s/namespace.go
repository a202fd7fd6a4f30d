package k8s

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// namespaceRetry is how long to wait before asking again for a namespace that
// does not exist or could not be asked for.
const namespaceRetry = 5 * time.Second

// lookUpNamespace says whether the namespace that is watched exists, since
// lists and watches in one that does not are empty and succeed. It asks until
// it is there, which in all but a mistyped case is once. Whoever may not read
// namespaces is left without an answer, not bothered with it.
func (s *Source) lookUpNamespace(ctx context.Context, emit func(kscope.Fact)) {
	name := s.o.Namespace
	if name == "" {
		return
	}
	absent := false
	for {
		_, err := s.o.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		switch {
		case err == nil:
			if absent {
				emit(kscope.Status{Kind: kscope.Namespaces, Name: name, State: kscope.Synced})
			}
			return
		case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
			return
		case apierrors.IsNotFound(err) && !absent:
			absent = true
			emit(kscope.Status{
				Kind: kscope.Namespaces, Name: name, State: kscope.Absent,
				Message: fmt.Sprintf("namespace %s does not exist", name),
				Hint:    "kubectl get namespaces lists them; -n chooses another, -A watches all",
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(namespaceRetry):
		}
	}
}
