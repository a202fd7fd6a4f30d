package redisd

import (
	"errors"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// spend ends a script that makes too much.
func (r *run) spend(l *lua.LState, bytes float64) int {
	if bytes > float64(r.left) {
		l.RaiseError("the script makes more text than the sandbox's Redis allows")
	}
	r.left -= max(int(bytes), 0)
	return 0
}

func (r *run) concat(l *lua.LState) int {
	var b strings.Builder
	for i := 1; i <= l.GetTop(); i++ {
		switch v := l.Get(i).(type) {
		case lua.LString, lua.LNumber:
			s := v.String()
			r.spend(l, float64(len(s)))
			b.WriteString(s)
		default:
			l.RaiseError("attempt to concatenate a %s value", v.Type().String())
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// checkFormat leaves out widths that make much of little.
func (r *run) checkFormat(l *lua.LState) int {
	format := l.CheckString(1)
	digits := 0
	for _, c := range format {
		if c < '0' || c > '9' {
			digits = 0
		} else if digits++; digits > 2 {
			l.RaiseError("invalid format (width or precision too long)")
		}
	}
	n := float64(len(format)) * 100
	for i := 2; i <= l.GetTop(); i++ {
		n += 4 * float64(len(l.ToStringMeta(l.Get(i)).String()))
	}
	return r.spend(l, n)
}

// checkPattern bounds what matching may take: it tries again from every place,
// and goes back at every repetition.
func (r *run) checkPattern(l *lua.LState) int {
	const most = 1e8
	text, pattern := l.CheckString(1), l.CheckString(2)
	again := 1 + strings.Count(pattern, "*") + strings.Count(pattern, "+") + strings.Count(pattern, "-") + strings.Count(pattern, "?")
	if l.Get(4) != lua.LTrue && (len(text) > maxSource || len(pattern) > maxPattern || math.Pow(float64(len(text)+1), float64(again)) > most) {
		l.RaiseError("the sandbox's Redis does not match so much")
	}
	return r.spend(l, float64(len(text)))
}

func (r *run) checkGsub(l *lua.LState) int {
	text, with := l.CheckString(1), l.CheckString(3)
	r.checkPattern(l)
	return r.spend(l, float64(len(text)+1)*float64(len(with)+len(text)*strings.Count(with, "%")+1))
}

// weigh is how many bytes a value comes to where it is written out. It fails
// where that is too much, or has no end.
func (r *run) weigh(v lua.LValue, depth int) (bytes int, err error) {
	left := r.left
	err = weigh(v, depth, &left)
	return r.left - left, err
}

func weigh(v lua.LValue, depth int, left *int) error {
	*left -= perArgument
	switch v := v.(type) {
	case lua.LString:
		*left -= len(v)
	case *lua.LTable:
		if depth >= maxDepth {
			return errors.New("reached the greatest depth of tables")
		}
		for key, value := v.Next(lua.LNil); key != lua.LNil; key, value = v.Next(key) {
			if s, ok := key.(lua.LString); ok {
				*left -= len(s)
			}
			if err := weigh(value, depth+1, left); err != nil {
				return err
			}
		}
	}
	if *left < 0 {
		return errors.New("the script makes more text than the sandbox's Redis allows")
	}
	return nil
}
