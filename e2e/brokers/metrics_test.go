package brokers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// metrics is the Prometheus endpoint of KEDA's operator.
type metrics struct{ url string }

// value is what KEDA last measured for a ScaledObject's first trigger.
func (m *metrics) value(ctx context.Context, object string) (float64, error) {
	return m.of(ctx, fmt.Sprintf("scaledObject=%q", object))
}

// of is what KEDA last measured by the first metric that has some labels.
func (m *metrics) of(ctx context.Context, labels ...string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "keda_scaler_metrics_value{") && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(line, l) }) {
			return strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
		}
	}
	return 0, fmt.Errorf("KEDA has measured nothing of %s", labels)
}
