package redisd

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What scripts may take. A script of more than maxSource bytes is refused, and
// when more than maxScripts are known all are forgotten, as after SCRIPT FLUSH.
const (
	maxSource  = 64 << 10
	maxScripts = 200
)

func doScript(c *client, args []string) {
	s := c.s
	switch sub := strings.ToUpper(args[1]); {
	case sub == "LOAD" && len(args) == 3:
		sha, _, msg := s.script(args[2])
		if msg != "" {
			c.peer.WriteError(msg)
			return
		}
		c.peer.WriteBulk(sha)
	case sub == "EXISTS" && len(args) > 2:
		c.peer.WriteLen(len(args) - 2)
		for _, sha := range args[2:] {
			n := 0
			if s.scripts[strings.ToLower(sha)] != nil {
				n = 1
			}
			c.peer.WriteInt(n)
		}
	case sub == "FLUSH" && len(args) <= 3:
		clear(s.scripts)
		c.peer.WriteOK()
	case sub == "KILL" && len(args) == 2:
		c.peer.WriteError("NOTBUSY No scripts in execution right now.")
	default:
		c.refuseSub(args)
	}
}

// script compiles a script, or finds it compiled.
func (s *Server) script(source string) (sha string, proto *lua.FunctionProto, msg string) {
	if len(source) > maxSource {
		return "", nil, fmt.Sprintf("ERR the sandbox's Redis takes no script of more than %d bytes", maxSource)
	}
	sha = sha1Hex(source)
	if proto := s.scripts[sha]; proto != nil {
		return sha, proto, ""
	}
	proto, err := compile(source)
	if err != nil {
		return "", nil, "ERR Error compiling script (new function): " + err.Error()
	}
	if len(s.scripts) >= maxScripts {
		clear(s.scripts)
	}
	s.scripts[sha] = proto
	return sha, proto, ""
}

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func doEval(c *client, args []string) {
	n, err := strconv.Atoi(args[2])
	switch {
	case err != nil:
		c.peer.WriteError(msgOutOfRange)
		return
	case n < 0:
		c.peer.WriteError("ERR Number of keys can't be negative")
		return
	case n > len(args)-3:
		c.peer.WriteError("ERR Number of keys can't be greater than number of args")
		return
	}
	name := strings.ToUpper(args[0])
	sha := strings.ToLower(args[1])
	proto := c.s.scripts[sha]
	if strings.HasPrefix(name, "EVALSHA") && proto == nil {
		c.peer.WriteError("NOSCRIPT No matching script. Please use EVAL.")
		return
	}
	if !strings.HasPrefix(name, "EVALSHA") {
		var msg string
		if sha, proto, msg = c.s.script(args[1]); msg != "" {
			c.peer.WriteError(msg)
			return
		}
	}
	r := &run{s: c.s, sha: sha, reads: strings.HasSuffix(name, "_RO"), client: c.s.newClient(nil), turn: newTurn(c.s.maxTurn), left: maxScript}
	defer r.turn.timer.Stop()
	r.client.script = true
	r.client.choose(c.db)
	l := r.state(args[3:3+n], args[3+n:])
	defer l.Close()
	l.Push(l.NewFunctionFromProto(proto))
	if err := l.PCall(0, 1, nil); err != nil {
		c.peer.WriteError(r.failed(err))
		return
	}
	reply := l.Get(-1)
	if _, err := r.weigh(reply, 0); err != nil {
		c.peer.WriteError("ERR " + err.Error())
		return
	}
	write(c, reply)
}

// failed is the answer for a script that ended with an error: that of the
// command that failed, or one of its own.
func (r *run) failed(err error) string {
	if r.turn.over() {
		return msgTooLong
	}
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return "ERR " + err.Error()
	}
	if t, ok := api.Object.(*lua.LTable); ok {
		if s, ok := t.RawGetString("err").(lua.LString); ok {
			return string(s) + " script: " + r.sha + ", on @user_script."
		}
	}
	return fmt.Sprintf("ERR %v script: %s, on @user_script.", api.Object, r.sha)
}

// write answers with what a script returned, by the rules of Redis; it has been
// weighed.
func write(c *client, v lua.LValue) {
	switch v := v.(type) {
	case lua.LBool:
		if v {
			c.peer.WriteInt(1)
		} else {
			c.peer.WriteNull()
		}
	case lua.LNumber:
		c.peer.WriteInt(int(v))
	case lua.LString:
		c.peer.WriteBulk(string(v))
	case *lua.LTable:
		if s, ok := v.RawGetString("err").(lua.LString); ok {
			c.peer.WriteError(string(s))
			return
		}
		if s, ok := v.RawGetString("ok").(lua.LString); ok {
			c.peer.WriteInline(string(s))
			return
		}
		n := 0
		for v.RawGetInt(n+1) != lua.LNil {
			n++
		}
		c.peer.WriteLen(n)
		for i := range n {
			write(c, v.RawGetInt(i+1))
		}
	default:
		c.peer.WriteNull()
	}
}
