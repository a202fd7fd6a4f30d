package kscope

import (
	"reflect"
	"testing"
	"time"
)

// filled gives a value that differs from the zero value in every part of it.
func filled(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.String:
		v.SetString("x")
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(filled(t.Elem()))
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(t.Elem())))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(filled(t.Key()), filled(t.Elem()))
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return reflect.ValueOf(time.Unix(7, 0))
		}
		for i := range t.NumField() {
			v.Field(i).Set(filled(t.Field(i).Type))
		}
	}
	return v
}

// TestSameButSeen: every field tells two states apart, but for the time at which
// KEDA last saw work, and every field of a trigger does.
func TestSameButSeen(t *testing.T) {
	typ := reflect.TypeFor[ScaledObject]()
	for i := range typ.NumField() {
		so := filled(typ).Interface().(ScaledObject)
		if !so.SameButSeen(filled(typ).Interface().(ScaledObject)) {
			t.Fatal("what is equal is not the same")
		}
		f := reflect.ValueOf(&so).Elem().Field(i)
		f.SetZero()
		same := so.SameButSeen(filled(typ).Interface().(ScaledObject))
		if name := typ.Field(i).Name; same != (name == "LastActiveTime") {
			t.Errorf("without %s: the same %v", name, same)
		}
	}
	trigger := reflect.TypeFor[Trigger]()
	for i := range trigger.NumField() {
		so := filled(typ).Interface().(ScaledObject)
		reflect.ValueOf(&so.Triggers[0]).Elem().Field(i).SetZero()
		if so.SameButSeen(filled(typ).Interface().(ScaledObject)) {
			t.Errorf("without a trigger's %s: the same", trigger.Field(i).Name)
		}
	}
}
