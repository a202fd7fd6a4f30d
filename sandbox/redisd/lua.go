package redisd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	json "github.com/alicebob/miniredis/v2/gopher-json"
	lua "github.com/yuin/gopher-lua"
)

// A script runs in the process of the screen and holds up all clients, so that
// it is bounded in time, by its turn, and in what it makes. The virtual machine
// asks after every instruction whether the turn is over; what takes long within
// one instruction, or makes much of little, is wrapped or left out: strings are
// put together by a function that counts (see concat.go), and there are neither
// coroutines nor any way to compile more.

// maxScript is how many bytes of text a script may make and be given, and
// maxDepth how deep tables may lie in each other where they are written out.
const (
	maxScript = 64 << 20
	maxDepth  = 100
)

func init() {
	// A table is filled up to the highest index below this that is set.
	lua.MaxArrayIndex = 1 << 16
}

// run is a script that runs.
type run struct {
	s      *Server
	sha    string
	reads  bool // it may not write
	client *client
	turn   *turn
	left   int // bytes that it may still make
}

// deadline is a context that is done when a turn is over.
type deadline struct {
	context.Context
	turn *turn
}

var done = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (d deadline) Done() <-chan struct{} {
	if d.turn.over() {
		return done
	}
	return nil
}

func (d deadline) Err() error { return errors.New(msgTooLong) }

// state is a machine with the libraries that scripts may use.
func (r *run) state(keys, argv []string) *lua.LState {
	l := lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: 200, RegistrySize: 2048, RegistryMaxSize: 1 << 16, RegistryGrowStep: 4096})
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString, lua.MathLibName: lua.OpenMath} {
		l.Push(l.NewFunction(open))
		l.Push(lua.LString(name))
		l.Call(1, 0)
	}
	globals := l.Get(lua.GlobalsIndex).(*lua.LTable)
	for _, name := range []string{"collectgarbage", "dofile", "load", "loadfile", "loadstring", "module", "newproxy", "print", "_printregs", "require", "setfenv", "getfenv", "xpcall"} {
		globals.RawSetString(name, lua.LNil)
	}
	globals.RawSetString(concat, l.NewFunction(r.concat))
	str, tab := globals.RawGetString("string").(*lua.LTable), globals.RawGetString("table").(*lua.LTable)
	for _, name := range []string{"dump", "gfind"} {
		str.RawSetString(name, lua.LNil)
	}
	wrap := func(t *lua.LTable, name string, check lua.LGFunction) {
		f := t.RawGetString(name).(*lua.LFunction)
		var upvalues []lua.LValue
		for _, u := range f.Upvalues {
			upvalues = append(upvalues, u.Value())
		}
		t.RawSetString(name, l.NewClosure(func(l *lua.LState) int { check(l); return f.GFunction(l) }, upvalues...))
	}
	wrap(str, "rep", func(l *lua.LState) int { return r.spend(l, float64(len(l.CheckString(1)))*float64(l.CheckInt(2))) })
	wrap(str, "format", r.checkFormat)
	wrap(str, "gsub", r.checkGsub)
	for _, name := range []string{"find", "match", "gmatch"} {
		wrap(str, name, r.checkPattern)
	}
	for _, name := range []string{"lower", "upper", "reverse", "sub"} {
		wrap(str, name, func(l *lua.LState) int { return r.spend(l, float64(len(l.CheckString(1)))) })
	}
	wrap(tab, "concat", func(l *lua.LState) int {
		n, err := r.weigh(l.CheckTable(1), maxDepth-1)
		if err != nil {
			l.RaiseError("%s", err.Error())
		}
		return r.spend(l, float64(n)+float64(len(l.OptString(2, "")))*float64(l.CheckTable(1).Len()))
	})
	wrap(tab, "sort", func(l *lua.LState) int {
		if l.CheckTable(1).Len() > 10_000 {
			l.RaiseError("too much to sort")
		}
		return 0
	})
	l.Push(l.NewFunction(json.Loader))
	l.Call(0, 1)
	cjson := l.Get(-1).(*lua.LTable)
	l.Pop(1)
	wrap(cjson, "encode", func(l *lua.LState) int {
		n, err := r.weigh(l.CheckAny(1), 0)
		if err != nil {
			l.RaiseError("%s", err.Error())
		}
		return r.spend(l, 6*float64(n))
	})
	wrap(cjson, "decode", func(l *lua.LState) int { return r.spend(l, 16*float64(len(l.CheckString(1)))) })
	globals.RawSetString("cjson", cjson)
	redis := r.library(l)
	globals.RawSetString("redis", redis)
	globals.RawSetString("server", redis)
	globals.RawSetString("KEYS", list(l, keys))
	globals.RawSetString("ARGV", list(l, argv))
	l.SetMetatable(globals, r.strict(l))
	l.SetContext(deadline{context.Background(), r.turn})
	return l
}

func list(l *lua.LState, words []string) *lua.LTable {
	t := l.CreateTable(len(words), 0)
	for _, w := range words {
		t.Append(lua.LString(w))
	}
	return t
}

// strict refuses globals, as Redis does.
func (r *run) strict(l *lua.LState) *lua.LTable {
	mt := l.NewTable()
	mt.RawSetString("__newindex", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("Script attempted to create global variable '%.128s'", l.CheckAny(2).String())
		return 0
	}))
	mt.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("Script attempted to access nonexistent global variable '%.128s'", l.CheckAny(2).String())
		return 0
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	return mt
}

// library is what a script calls redis.
func (r *run) library(l *lua.LState) *lua.LTable {
	reply := func(field string) lua.LGFunction {
		return func(l *lua.LState) int {
			t := l.NewTable()
			t.RawSetString(field, lua.LString(l.CheckString(1)))
			l.Push(t)
			return 1
		}
	}
	nothing := func(*lua.LState) int { return 0 }
	t := l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{
		"call":         func(l *lua.LState) int { return r.call(l, true) },
		"pcall":        func(l *lua.LState) int { return r.call(l, false) },
		"status_reply": reply("ok"),
		"error_reply":  reply("err"),
		"log":          nothing, "set_repl": nothing, "setresp": nothing,
		"replicate_commands": func(l *lua.LState) int { l.Push(lua.LTrue); return 1 },
		"sha1hex": func(l *lua.LState) int {
			l.Push(lua.LString(sha1Hex(l.CheckString(1))))
			return 1
		},
	})
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		t.RawSetString(name, lua.LNumber(i))
	}
	return t
}

// call carries out a command for the script.
func (r *run) call(l *lua.LState, raise bool) int {
	reply := r.reply(l)
	if t, ok := reply.(*lua.LTable); ok && raise && t.RawGetString("err") != lua.LNil {
		l.Error(t, 0)
	}
	l.Push(reply)
	return 1
}

func (r *run) reply(l *lua.LState) lua.LValue {
	fail := func(msg string) lua.LValue {
		t := l.NewTable()
		t.RawSetString("err", lua.LString(msg))
		return t
	}
	var args []string
	for i := 1; i <= l.GetTop(); i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			args = append(args, string(v))
		case lua.LNumber:
			args = append(args, number(v))
		default:
			return fail("ERR Lua redis lib command arguments must be strings or integers")
		}
	}
	if len(args) == 0 {
		return fail("ERR Please specify at least one argument for this redis.call()")
	}
	cmd, ok := commands[strings.ToUpper(args[0])]
	switch {
	case !ok:
		return fail("ERR Unknown Redis command called from script")
	case r.reads && cmd.is(writes):
		return fail("ERR Write commands are not allowed from read-only scripts.")
	}
	answer := r.s.more(r.client, args)
	r.spend(l, 8*float64(len(answer)))
	v, err := parsed(answer)
	if err != nil {
		return fail(err.Error())
	}
	return toLua(l, v)
}

func number(n lua.LNumber) string { return strconv.FormatFloat(float64(n), 'g', 17, 64) }

func toLua(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case int:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		t := l.CreateTable(len(v), 0)
		for i, e := range v {
			t.RawSetInt(i+1, toLua(l, e))
		}
		return t
	case nil:
		return lua.LFalse
	}
	t := l.NewTable() // a status: the type of miniredis has no other name
	t.RawSetString("ok", lua.LString(fmt.Sprint(v)))
	return t
}
