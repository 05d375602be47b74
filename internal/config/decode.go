package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A FieldFault is what Decode finds wrong, at a path below what was decoded.
type FieldFault struct {
	Path string
	Err  error
}

// Decode fills into, a pointer, from plain data: maps with string keys, lists,
// texts as a file has them, and numbers and bools as Go code has them. It is
// strict: an unknown key and a value of another form are faults, all of which
// are told. A struct's keys are those of its `yaml` tags; a field without a tag
// cannot be set. Nothing (nil) leaves what into has.
//
// Where variable gives a name for a path, the value came from that variable and
// the fault tells the name instead of the value. It may be nil.
func Decode(in, into any, variable func(path string) string) []FieldFault {
	out := reflect.ValueOf(into)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return []FieldFault{{Err: fmt.Errorf("settings are decoded into a pointer, not into %T: a defect of the driver", into)}}
	}
	d := decoder{variable: variable}
	d.value("", in, out.Elem())
	return d.faults
}

type decoder struct {
	variable func(path string) string
	faults   []FieldFault
}

func (d *decoder) fault(path, format string, args ...any) {
	d.faults = append(d.faults, FieldFault{path, fmt.Errorf(format, args...)})
}

// shown gives the value at path as an error may tell it.
func (d *decoder) shown(path, text string) string {
	if d.variable != nil {
		if name := d.variable(path); name != "" {
			return "the value of " + name
		}
	}
	return quote(text)
}

var durationType = reflect.TypeFor[time.Duration]()

func (d *decoder) value(path string, in any, out reflect.Value) {
	if in == nil {
		return
	}
	if text, ok := in.(string); ok && d.text(path, text, out) {
		return
	}
	v := reflect.ValueOf(in)
	if v.Type().AssignableTo(out.Type()) {
		out.Set(v)
		return
	}
	switch out.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(out.Type().Elem())
		if !out.IsNil() {
			fresh.Elem().Set(out.Elem())
		}
		d.value(path, in, fresh.Elem())
		out.Set(fresh)
	case reflect.Struct:
		d.structure(path, v, out)
	case reflect.Map:
		d.mapping(path, v, out)
	case reflect.Slice:
		d.list(path, v, out)
	default:
		d.scalar(path, v, out)
	}
}

// text decodes a scalar of a file; false where out is nothing that a text can
// fill by itself.
func (d *decoder) text(path, text string, out reflect.Value) bool {
	if u, ok := out.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			if shown := d.shown(path, text); shown != quote(text) {
				err = fmt.Errorf("%s is not what is wanted here", shown)
			}
			d.fault(path, "%s", strings.TrimPrefix(err.Error(), "sms: "))
		}
		return true
	}
	wanted, err := "", error(nil)
	switch kind := out.Kind(); {
	case out.Type() == durationType:
		wanted = "a duration: write 200ms, 3s or 5m"
		var took time.Duration
		if took, err = time.ParseDuration(text); err == nil {
			out.SetInt(int64(took))
		}
	case kind == reflect.String:
		out.SetString(text)
	case kind == reflect.Bool:
		wanted = "true or false"
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
		out.SetBool(text == "true")
	case out.CanInt():
		wanted = "a whole number"
		var n int64
		if n, err = strconv.ParseInt(text, 10, out.Type().Bits()); err == nil {
			out.SetInt(n)
		}
	case out.CanUint():
		wanted = "a whole number, not negative"
		var n uint64
		if n, err = strconv.ParseUint(text, 10, out.Type().Bits()); err == nil {
			out.SetUint(n)
		}
	case out.CanFloat():
		wanted = "a number"
		var n float64
		if n, err = strconv.ParseFloat(text, out.Type().Bits()); err == nil {
			out.SetFloat(n)
		}
	default:
		return false
	}
	if err != nil {
		d.fault(path, "%s is not %s", d.shown(path, text), wanted)
	}
	return true
}

// scalar takes numbers and bools as Go code gives them.
func (d *decoder) scalar(path string, in, out reflect.Value) {
	switch {
	case out.Type() == durationType:
		d.fault(path, "a duration has a unit: write 3s in a file, or 3*time.Second in Go")
	case out.CanInt() && in.CanInt() && !out.OverflowInt(in.Int()):
		out.SetInt(in.Int())
	case out.CanUint() && in.CanInt() && in.Int() >= 0 && !out.OverflowUint(uint64(in.Int())):
		out.SetUint(uint64(in.Int()))
	case (out.CanInt() || out.CanUint()) && in.CanInt():
		d.fault(path, "the number is out of the range of %v", out.Type())
	case out.CanFloat() && in.CanFloat():
		out.SetFloat(in.Float())
	case out.CanFloat() && in.CanInt():
		out.SetFloat(float64(in.Int()))
	case out.Kind() == reflect.Func || out.Kind() == reflect.Interface || out.Kind() == reflect.Chan:
		d.fault(path, "it can be set in Go only")
	default:
		d.fault(path, "%s stands here, and %s is wanted", formOf(in), wantedOf(out.Type()))
	}
}

func (d *decoder) structure(path string, in, out reflect.Value) {
	entries, ok := entriesOf(in)
	if !ok {
		d.fault(path, "%s stands here, and a map is wanted: {key: value}", formOf(in))
		return
	}
	fields := map[string]reflect.Value{}
	collect(out, fields)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		field, ok := fields[key]
		if !ok {
			d.fault(Join(path, key), "%w", NoSuch("key", key, slices.Collect(maps.Keys(fields))))
			continue
		}
		d.value(Join(path, key), entries[key], field)
	}
}

// keysOf gives the keys of a struct.
func keysOf(part any) []string {
	fields := map[string]reflect.Value{}
	collect(reflect.New(reflect.TypeOf(part)).Elem(), fields)
	return slices.Collect(maps.Keys(fields))
}

// collect finds the fields of a struct by the names in their `yaml` tags.
func collect(out reflect.Value, fields map[string]reflect.Value) {
	for i := range out.NumField() {
		f := out.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline" && f.Type.Kind() == reflect.Struct:
			collect(out.Field(i), fields)
		case name != "" && name != "-" && f.IsExported():
			fields[name] = out.Field(i)
		}
	}
}

func (d *decoder) mapping(path string, in, out reflect.Value) {
	entries, ok := entriesOf(in)
	if !ok || out.Type().Key().Kind() != reflect.String {
		d.fault(path, "%s stands here, and a map is wanted: {name: value}", formOf(in))
		return
	}
	filled := reflect.MakeMapWithSize(out.Type(), len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		value := reflect.New(out.Type().Elem()).Elem()
		d.value(Join(path, key), entries[key], value)
		filled.SetMapIndex(reflect.ValueOf(key).Convert(out.Type().Key()), value)
	}
	out.Set(filled)
}

func (d *decoder) list(path string, in, out reflect.Value) {
	if in.Kind() != reflect.Slice {
		if in.Kind() == reflect.String {
			d.fault(path, "one value stands here, and a list is wanted: write [%s]", d.shown(path, in.String()))
		} else {
			d.fault(path, "%s stands here, and a list is wanted: [one, two]", formOf(in))
		}
		return
	}
	filled := reflect.MakeSlice(out.Type(), in.Len(), in.Len())
	for i := range in.Len() {
		item := in.Index(i).Interface()
		if item == nil {
			d.fault(Index(path, i), "nothing stands here: write a value or take the line out")
			continue
		}
		d.value(Index(path, i), item, filled.Index(i))
	}
	out.Set(filled)
}

// entriesOf gives a map with string keys as one of plain data.
func entriesOf(in reflect.Value) (map[string]any, bool) {
	if in.Kind() != reflect.Map || in.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	entries := make(map[string]any, in.Len())
	for key, value := range in.Seq2() {
		entries[key.String()] = value.Interface()
	}
	return entries, true
}

// formOf names what stands there, without its value.
func formOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return "one value"
	case reflect.Map, reflect.Struct:
		return "a map"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return fmt.Sprintf("a value of type %v", v.Type())
}

func wantedOf(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.String:
		return "one value"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64:
		return "a number"
	}
	return fmt.Sprintf("a %v", t)
}
