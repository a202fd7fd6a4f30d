package redisd

import (
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// concat is the function that stands for the operator .. in what is compiled; no
// script can write its name. The machine's own doubles a text at every turn of a
// loop and asks nobody.
const concat = "(concat)"

func compile(source string) (*lua.FunctionProto, error) {
	chunk, err := parse.Parse(strings.NewReader(source), "user_script")
	if err != nil {
		return nil, err
	}
	replace(reflect.ValueOf(chunk))
	return lua.Compile(chunk, "user_script")
}

// replace goes through a tree of statements and puts calls for operators.
func replace(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			replace(v.Index(i))
		}
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if op, ok := v.Interface().(*ast.StringConcatOpExpr); ok {
			v.Set(reflect.ValueOf(callOf(op)))
		}
		replace(v.Elem())
	case reflect.Pointer:
		if !v.IsNil() {
			replace(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				replace(f)
			}
		}
	}
}

// callOf takes a chain of operators together, which is one instruction too.
func callOf(op *ast.StringConcatOpExpr) *ast.FuncCallExpr {
	call := &ast.FuncCallExpr{Func: &ast.IdentExpr{Value: concat}, AdjustRet: true}
	call.SetLine(op.Line())
	call.SetLastLine(op.LastLine())
	call.Func.SetLine(op.Line())
	var last ast.Expr = op
	for {
		next, ok := last.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		call.Args = append(call.Args, next.Lhs)
		last = next.Rhs
	}
	switch last := last.(type) { // it counts once, and not for all that it gives
	case *ast.FuncCallExpr:
		last.AdjustRet = true
	case *ast.Comma3Expr:
		last.AdjustRet = true
	}
	call.Args = append(call.Args, last)
	return call
}
