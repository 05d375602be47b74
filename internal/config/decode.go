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

	"github.com/notifykit/notify/providers/kit"
)

// A FieldFault is one fault that Decode finds, at a path below what was decoded.
type FieldFault struct {
	Path string
	Err  error
}

// Decode fills into, a pointer, from plain data: maps with string keys, lists,
// texts as they are written in a file, and numbers and bools as Go code has them.
// It is strict: an unknown key and a value of another form are faults, and all
// faults are returned, up to MaxFaults besides missing variables: a *MoreError at the
// end counts the others. Nothing (nil) leaves what into has.
//
// The keys of a struct are those of its `yaml` tags; a field without a tag cannot
// be set. "policies.retry" is the key retry of the map policies, for which a field
// called _ may stand, to describe it. After the key
// may follow one word: the form of its text (see form), "inline" for a struct
// whose keys stand among the others, "rest" for a field that gets all other keys,
// and, without a key, "name" for the field of a list's items that is their key in
// a map.
//
// If variable returns a name for a path, the value came from that variable, and
// the fault holds the name instead of the value. It may be nil.
func Decode(in, into any, variable func(path string) string) []FieldFault {
	out := reflect.ValueOf(into)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return []FieldFault{{Err: fmt.Errorf("settings are decoded into a pointer, not into %T: a defect of the driver", into)}}
	}
	d := decoder{variable: variable}
	d.value("", in, place{Value: out.Elem()})
	if d.more > 0 {
		d.faults = append(d.faults, FieldFault{Err: &MoreError{Faults: d.more}})
	}
	return d.faults
}

type decoder struct {
	variable func(path string) string
	faults   []FieldFault
	missing  int // of faults: variables that have no value
	more     int // faults that are counted only
}

// A place is where a value goes.
type place struct {
	reflect.Value
	form   string        // how its text is read; empty: by its type
	within reflect.Value // the struct whose field it is
	secret bool          // its tag says so
}

// full counts a fault and returns true if faults are only counted from now on.
func (d *decoder) full() bool {
	if len(d.faults)-d.missing < MaxFaults {
		return false
	}
	d.more++
	return true
}

func (d *decoder) fault(path, format string, args ...any) {
	if d.full() {
		return
	}
	d.faults = append(d.faults, FieldFault{path, fmt.Errorf(format, args...)})
}

// shown returns the value at path as an error may show it.
func (d *decoder) shown(path, text string) string {
	if holdsPassword(text) || IsSecret(path) {
		return d.name(path, hidden)
	}
	return d.name(path, quote(text))
}

// name returns the name of the variable that the value at path came from, if there
// is one.
func (d *decoder) name(path, otherwise string) string {
	if d.variable != nil {
		if name := d.variable(path); name != "" {
			return "the value of " + name
		}
	}
	return otherwise
}

func (d *decoder) value(path string, in any, out place) {
	switch in := in.(type) {
	case nil:
		return
	case Unset:
		for _, err := range in.errs {
			d.faults = append(d.faults, FieldFault{path, err})
			d.missing++
		}
		if out.Kind() == reflect.String { // so that it does not count as missing besides
			out.SetString("unset")
		}
		return
	case string:
		if damage := kit.CheckSecret(in); damage != nil && (out.secret || IsSecret(path)) {
			d.fault(path, "%s cannot be a secret: %w", d.name(path, "what stands here"), damage)
			return
		}
		if d.text(path, in, out) {
			return
		}
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
		d.value(path, in, place{Value: fresh.Elem()})
		out.Set(fresh)
	case reflect.Struct:
		d.structure(path, v, out.Value)
	case reflect.Map:
		d.mapping(path, v, out)
	case reflect.Slice:
		d.list(path, v, out)
	default:
		d.scalar(path, v, out.Value)
	}
}

// text decodes a scalar of a file. It returns false if out is nothing that a text
// can fill by itself.
func (d *decoder) text(path, text string, out place) bool {
	var err error
	if form, ok := formOf(out); ok {
		err = form.read(text, out)
	} else if u, ok := out.Addr().Interface().(encoding.TextUnmarshaler); ok {
		err = u.UnmarshalText([]byte(text))
	} else if err, ok = plain(text, out); !ok {
		return false
	}
	if err == nil || d.full() {
		return true
	}
	wanted, isWanted := err.(wantedError)
	shown := d.shown(path, text)
	switch {
	case isWanted:
		d.fault(path, "%s is not %s", shown, string(wanted))
	case shown != quote(text): // the error may show the value
		d.fault(path, "%s is not what is wanted here", shown)
	default:
		d.fault(path, "%s", strings.TrimPrefix(err.Error(), "sms: "))
	}
	return true
}

// A wantedError says what a text is not.
type wantedError string

func (e wantedError) Error() string { return "it is not " + string(e) }

// plain reads a text without a form. It returns false if out is nothing that a text
// can fill.
func plain(text string, out place) (wanted error, ok bool) {
	var err error
	switch kind := out.Kind(); {
	case kind == reflect.String:
		out.SetString(text)
	case kind == reflect.Bool:
		wanted = wantedError("true or false")
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
		out.SetBool(text == "true")
	case out.CanInt():
		wanted = wantedError("a whole number")
		var n int64
		if n, err = strconv.ParseInt(text, 10, out.Type().Bits()); err == nil {
			out.SetInt(n)
		}
	case out.CanUint():
		wanted = wantedError("a whole number, not negative")
		var n uint64
		if n, err = strconv.ParseUint(text, 10, out.Type().Bits()); err == nil {
			out.SetUint(n)
		}
	case out.CanFloat():
		wanted = wantedError("a number")
		var n float64
		if n, err = strconv.ParseFloat(text, out.Type().Bits()); err == nil {
			out.SetFloat(n)
		}
	default:
		return nil, false
	}
	if err == nil {
		wanted = nil
	}
	return wanted, true
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
		d.fault(path, "%s stands here, and %s is wanted", nameOfKind(in), wantedOf(out.Type()))
	}
}

func (d *decoder) structure(path string, in, out reflect.Value) {
	fields := keysOf{at: map[string]place{}, below: map[string]keysOf{}}
	fields.collect(out)
	d.keys(path, in, fields)
}

// keys decodes a map into the places of its keys.
func (d *decoder) keys(path string, in reflect.Value, fields keysOf) {
	entries, ok := entriesOf(in)
	if !ok {
		d.fault(path, "%s stands here, and a map is wanted: {key: value}", nameOfKind(in))
		return
	}
	names := fields.names()
	slices.Sort(names)
	known := 0
	for _, key := range names {
		entry, ok := entries[key]
		if !ok {
			continue
		}
		known++
		if field, ok := fields.at[key]; ok {
			d.value(Join(path, key), entry, field)
		} else if entry != nil {
			d.keys(Join(path, key), reflect.ValueOf(entry), fields.below[key])
		}
	}
	unknown := len(entries) - known
	switch {
	case fields.rest.IsValid():
		rest := make(map[string]any, unknown)
		for key, entry := range entries {
			if !slices.Contains(names, key) {
				rest[key] = entry
			}
		}
		fields.rest.Set(reflect.ValueOf(rest))
	case unknown > 0:
		first := firstUnknown(entries, names)
		for _, key := range first {
			d.fault(Join(path, key), "%w", NoSuch("key", key, names))
		}
		d.more += unknown - len(first)
	}
}

// firstUnknown returns the keys of entries that are not in names, in order, but only the
// first MaxFaults of them. It does not sort the others.
func firstUnknown(entries map[string]any, names []string) (first []string) {
	for key := range entries {
		if len(first) == MaxFaults && key > first[MaxFaults-1] || slices.Contains(names, key) {
			continue
		}
		at, _ := slices.BinarySearch(first, key)
		first = slices.Insert(first, at, key)
		first = first[:min(len(first), MaxFaults)]
	}
	return first
}

// keysOf are the keys that a map of the file may have.
type keysOf struct {
	at    map[string]place
	below map[string]keysOf // maps of the file that are no struct of their own
	rest  reflect.Value     // of all other keys; invalid: there are none
}

// collect finds the fields of a struct by the names in their `yaml` tags.
func (k *keysOf) collect(out reflect.Value) {
	for i := range out.NumField() {
		f := out.Type().Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case f.Name == "_":
			k.below[name] = keysOf{at: map[string]place{}}
		case option == "inline":
			k.collect(out.Field(i))
		case option == "rest":
			k.rest = out.Field(i)
		case name != "":
			to := k.at
			if above, below, nested := strings.Cut(name, "."); nested {
				to, name = k.below[above].at, below
			}
			to[name] = place{Value: out.Field(i), form: option, within: out, secret: f.Tag.Get("secret") == "yes"}
		}
	}
}

func (k keysOf) names() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(k.at)), maps.Keys(k.below))
}

func (d *decoder) mapping(path string, in reflect.Value, out place) {
	entries, ok := entriesOf(in)
	if !ok || out.Type().Key().Kind() != reflect.String {
		d.fault(path, "%s stands here, and a map is wanted: {name: value}", nameOfKind(in))
		return
	}
	filled := reflect.MakeMapWithSize(out.Type(), len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		value := reflect.New(out.Type().Elem()).Elem()
		d.value(Join(path, key), entries[key], place{Value: value, form: out.form})
		filled.SetMapIndex(reflect.ValueOf(key).Convert(out.Type().Key()), value)
	}
	out.Set(filled)
}

func (d *decoder) list(path string, in reflect.Value, out place) {
	if name := nameField(out.Type().Elem()); name >= 0 {
		d.named(path, in, out.Value, name)
		return
	}
	if in.Kind() != reflect.Slice {
		if in.Kind() == reflect.String {
			d.fault(path, "one value stands here, and a list is wanted: write [%s]", d.shown(path, in.String()))
		} else {
			d.fault(path, "%s stands here, and a list is wanted: [one, two]", nameOfKind(in))
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
		d.value(Index(path, i), item, place{Value: filled.Index(i), form: out.form})
	}
	out.Set(filled)
}

// nameField returns the index of the field that holds the name of an item of a
// list; -1 if items have no name.
func nameField(t reflect.Type) int {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("yaml") == ",name" {
				return i
			}
		}
	}
	return -1
}

// named decodes a map into a list whose items have their key in a field, in the
// order of the keys.
func (d *decoder) named(path string, in, out reflect.Value, name int) {
	entries, ok := entriesOf(in)
	if !ok {
		d.fault(path, "%s stands here, and a map is wanted: {name: {…}}", nameOfKind(in))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		item := reflect.New(out.Type().Elem()).Elem()
		item.Field(name).SetString(key)
		d.value(Join(path, key), entries[key], place{Value: item})
		out.Set(reflect.Append(out, item))
	}
}

// entriesOf returns a map with string keys as one of plain data.
func entriesOf(in reflect.Value) (map[string]any, bool) {
	if in.Kind() != reflect.Map || in.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	if entries, ok := in.Interface().(map[string]any); ok {
		return entries, true
	}
	entries := make(map[string]any, in.Len())
	for key, value := range in.Seq2() {
		entries[key.String()] = value.Interface()
	}
	return entries, true
}

// nameOfKind names what stands there, without its value.
func nameOfKind(v reflect.Value) string {
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

var durationType = reflect.TypeFor[time.Duration]()
