package kafka

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// look is what one look at a cluster brought, for all groups and topics that were asked
// for.
type look struct {
	commits map[string]kadm.FetchOffsetsResponse // by group
	groups  map[string]group
	topics  map[string]topic
	starts  map[place]offset
	ends    map[place]offset
}

// group is who reads.
type group struct {
	known   bool
	state   string // in Kafka's word
	members int64
	topics  []string // that any of them is given a partition of
	unread  bool     // the scaler of apache-kafka takes its members for none: they are newer than what it reads
}

// topic is the partitions of one, in order, or why they are not known.
type topic struct {
	partitions []int32
	err        error
}

// offset is one, or why it is not known.
type offset struct {
	at  int64
	err error
}

// Measure asks for the commits and the members of all groups, then for the partitions
// of the topics, which the client remembers for some seconds, then for their ends, and
// where messages wait for their starts, each of all that one broker leads at once. The
// commits come first, lest they are ahead of the ends.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	c.begin()
	asks := make([]ask, len(queues))
	var groups []string
	for i, q := range queues {
		if asks[i] = askOf(q.Parameters); !slices.Contains(groups, asks[i].group) {
			groups = append(groups, asks[i].group)
		}
	}
	var l look
	var both sync.WaitGroup
	both.Go(func() { l.commits = c.admin.FetchManyOffsets(ctx, groups...) })
	both.Go(func() {
		if c.learn(ctx) {
			l.groups = c.describe(ctx, groups)
		}
	})
	both.Wait()
	if err := l.unreached(); err != nil {
		return c.worded(err)
	}
	names, all := []string{}, false
	for i := range asks {
		asks[i].find(&l)
		names = append(names, asks[i].topics...)
		all = all || asks[i].everything
	}
	var err error
	if l.topics, err = c.partitions(ctx, names, all); err != nil {
		return c.worded(err)
	}
	var ends, starts []place
	for i := range asks {
		ends = append(ends, asks[i].spread(&l)...)
	}
	l.ends = c.offsets(ctx, ends, latest)
	for i := range asks {
		starts = append(starts, asks[i].lagging(&l)...)
	}
	l.starts = c.offsets(ctx, starts, oldest)
	network := error(nil)
	well := false
	for i := range asks {
		readings[i] = asks[i].reading(&l)
		if err := readings[i].Err; err != nil {
			readings[i].Err = c.worded(err)
			if readings[i].Own = own(err); !readings[i].Own {
				network = readings[i].Err
			}
		}
		well = well || readings[i].Err == nil || readings[i].Own
	}
	if !well {
		return network
	}
	return nil
}

// unreached is why no group's commits are known, where that is not for Kafka's own reasons.
func (l *look) unreached() (err error) {
	for _, commits := range l.commits {
		if err = commits.Err; err == nil || own(err) {
			return nil
		}
	}
	return err
}

// learn finds out once what the brokers are: by what they speak, for Kafka does not say.
// It reports whether they answer.
func (c *client) learn(ctx context.Context) bool {
	if c.version == "" {
		ask := kmsg.NewPtrApiVersionsRequest()
		ask.ClientSoftwareName, ask.ClientSoftwareVersion = "kscope", "1"
		answer, err := ask.RequestWith(ctx, c.kgo)
		if err != nil {
			return false
		}
		c.version = "Kafka"
		if answer.ErrorCode == 0 {
			c.version += release(kversion.FromApiVersionsResponse(answer).VersionGuess())
		}
	}
	return true
}

// release is the version in what the library makes of the requests that a broker takes;
// "" where these are those of no release, as with what is compatible and is not Kafka.
func release(guess string) string {
	if exact, ok := strings.CutPrefix(guess, "v"); ok {
		return " " + exact
	}
	if least, ok := strings.CutPrefix(guess, "at least v"); ok {
		return " " + least + " or later"
	}
	return ""
}
