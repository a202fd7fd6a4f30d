package dump

import (
	"encoding/json"
	"time"
)

// Status is what KEDA has written into a ScaledObject or a ScaledJob, as far as it goes
// on from that.
type Status struct {
	HPAName              string      `json:"hpaName"`
	ScaleTargetKind      string      `json:"scaleTargetKind"`
	TriggersTypes        string      `json:"triggersTypes"`
	AuthenticationsTypes *string     `json:"authenticationsTypes"`
	ExternalMetricNames  []string    `json:"externalMetricNames"`
	ResourceMetricNames  []string    `json:"resourceMetricNames"`
	LastActiveTime       string      `json:"lastActiveTime"`
	OriginalReplicaCount *int32      `json:"originalReplicaCount"`
	PausedReplicaCount   *int32      `json:"pausedReplicaCount"`
	Conditions           []Condition `json:"conditions"`
	TriggersActivity     map[string]struct {
		IsActive bool `json:"isActive"`
	} `json:"triggersActivity"`
	Health map[string]struct {
		NumberOfFailures int32  `json:"numberOfFailures"`
		Status           string `json:"status"`
	} `json:"health"`
}

// Condition is a condition as KEDA has them, without times.
type Condition struct {
	Type, Status, Reason, Message string
}

// StatusOf reads a status. What is not as it should be is as if it were not there.
func StatusOf(status any) Status {
	var s Status
	if text, err := json.Marshal(status); err == nil {
		_ = json.Unmarshal(text, &s) // goes on after what is of another type
	}
	return s
}

// LastActive is when a poll found work last; the zero time for never.
func (s *Status) LastActive() time.Time {
	at, err := time.Parse(time.RFC3339, s.LastActiveTime)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Activity is which triggers were active.
func (s *Status) Activity() map[string]bool {
	out := make(map[string]bool, len(s.TriggersActivity))
	for name, a := range s.TriggersActivity {
		out[name] = a.IsActive
	}
	return out
}
