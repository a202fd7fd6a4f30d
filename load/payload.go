package load

import (
	"strconv"
	"time"
)

// DefaultPayload makes of a job a small JSON object: an id of its own, and when it was put in.
const DefaultPayload = `{"id":"{id}","at":"{time}"}`

// PayloadUsage says what can stand in a payload, for a flag's help.
const PayloadUsage = "{id} {seq} {time} {unixms} {rand:8} {size:1k}"

// Payload is what jobs look like: a text in which some names in braces stand
// for what differs from job to job. It never changes, and may be used by
// several goroutines at once. The names are
//
//	{id}       an id that no other job has: 5f0c21d9a7e3-000042
//	{seq}      the number of the job, counted from 1 in each session
//	{time}     when it was put in: 2026-01-02T15:04:05.123456789Z
//	{unixms}   the same in milliseconds since 1970
//	{rand:8}   so many random characters of 0-9a-f; up to 1024
//	{size:1k}  as many x as make the whole job so many bytes long; up to 512k
//
// Any other brace is itself, so that JSON can be written as it is, but for an
// opening one right before a lower-case letter, which is written twice: {{x.
type Payload struct {
	text  string
	parts []part
	least int // bytes of what does not differ, and of what {rand} makes
}

// part is a text as it is, or one of the names.
type part struct {
	name string // "" for a text
	text string
	n    int // of rand and size
}

// Job is what differs from job to job.
type Job struct {
	Session string // begins the ids of a session
	Seq     int64  // from 1
	At      time.Time
	Random  func() uint64 // only called for {rand}
}

// String is the text that the payload was read from.
func (p *Payload) String() string { return p.text }

// Differs reports whether no two jobs are alike, which a queue that is a set
// needs.
func (p *Payload) Differs() bool {
	for _, one := range p.parts {
		if one.name == "id" || one.name == "seq" {
			return true
		}
	}
	return false
}

// Append writes a job to dst. It allocates nothing if dst has room.
func (p *Payload) Append(dst []byte, j Job) []byte {
	begin, gap, size := len(dst), -1, 0
	for i := range p.parts {
		switch one := &p.parts[i]; one.name {
		case "":
			dst = append(dst, one.text...)
		case "id":
			dst = append(append(dst, j.Session...), '-')
			for digits := j.Seq; digits < 100_000; digits *= 10 { // six digits at least, so that ids sort
				dst = append(dst, '0')
				if digits < 1 {
					break
				}
			}
			dst = strconv.AppendInt(dst, j.Seq, 10)
		case "seq":
			dst = strconv.AppendInt(dst, j.Seq, 10)
		case "time":
			dst = j.At.UTC().AppendFormat(dst, time.RFC3339Nano)
		case "unixms":
			dst = strconv.AppendInt(dst, j.At.UnixMilli(), 10)
		case "rand":
			dst = appendRandom(dst, one.n, j.Random)
		case "size":
			gap, size = len(dst), one.n
		}
	}
	if fill := size - (len(dst) - begin); gap >= 0 && fill > 0 {
		dst = appendFill(dst, gap, fill)
	}
	return dst
}

func appendRandom(dst []byte, n int, random func() uint64) []byte {
	const digits = "0123456789abcdef"
	for n > 0 {
		v := random()
		for k := min(n, 16); k > 0; k-- {
			dst = append(dst, digits[v&15])
			v >>= 4
			n--
		}
	}
	return dst
}

// appendFill makes room for n bytes at a place and fills it.
func appendFill(dst []byte, at, n int) []byte {
	end := len(dst)
	for range n {
		dst = append(dst, 'x')
	}
	copy(dst[at+n:], dst[at:end])
	for i := at; i < min(at+n, end); i++ { // what was there before
		dst[i] = 'x'
	}
	return dst
}

// Example is what the 42nd job of a session looked like, for people to see.
func (p *Payload) Example() string {
	seed := uint64(0x5f0c21d9a7e3b846)
	return string(p.Append(nil, Job{
		Session: "5f0c21d9a7e3", Seq: 42, At: time.Date(2026, 1, 2, 15, 4, 5, 123456789, time.UTC),
		Random: func() uint64 { seed = mixed(seed); return seed },
	}))
}

// StandardPayload is that of [DefaultPayload].
func StandardPayload() *Payload { return standardPayload }

var standardPayload = func() *Payload {
	p, err := ParsePayload(DefaultPayload)
	if err != nil {
		panic(err) // a test sees to it that it does not
	}
	return p
}()
