package secrets_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/goccy/go-yaml"
)

// A filler fills values with marked text.
type filler struct {
	marks map[string]string // the field by its mark
	depth int
}

// fill sets everything in v, also what is not exported, to text that says whose it
// is. What is behind a pointer that is not exported is left nil: no print shows it.
func (f *filler) fill(v reflect.Value, name string) {
	if f.depth > 6 {
		return
	}
	f.depth++
	defer func() { f.depth-- }()
	switch v.Kind() {
	case reflect.String:
		mark := fmt.Sprintf("Zq%dwZ", 100000+len(f.marks))
		if v.Type().Name() == "Number" {
			mark, name = fmt.Sprintf("+86139%08d", 10203040+len(f.marks)*7), name+" (a number)"
		}
		f.marks[mark] = name
		v.SetString(mark)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			mark := fmt.Sprintf("Zq%dwZ", 100000+len(f.marks))
			f.marks[mark] = name + " (bytes)"
			v.Set(reflect.ValueOf([]byte(mark)).Convert(v.Type()))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.fill(v.Index(0), name)
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Len() >= 9 {
			mark := fmt.Sprintf("Zq%dwZ", 100000+len(f.marks))
			f.marks[mark] = name + " (bytes)"
			reflect.Copy(v, reflect.ValueOf([]byte(mark)))
			return
		}
		for i := range v.Len() {
			f.fill(v.Index(i), name)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, name+" key")
		f.fill(value, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.Interface:
		if v.Type().NumMethod() == 0 {
			text := reflect.New(reflect.TypeFor[string]()).Elem()
			f.fill(text, name)
			v.Set(text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1700000000, 0)))
			return
		}
		if strings.HasPrefix(v.Type().PkgPath(), "sync") {
			return
		}
		for i := range v.NumField() {
			field, at := v.Type().Field(i), v.Field(i)
			if !field.IsExported() {
				if k := at.Kind(); k == reflect.Pointer || k == reflect.Interface {
					continue
				}
				at = reflect.NewAt(at.Type(), unsafe.Pointer(at.UnsafeAddr())).Elem()
			}
			name := v.Type().Name() + "." + field.Name
			if field.Tag.Get("secret") == "yes" {
				name += " (a secret)"
			}
			f.fill(at, name)
		}
	}
}

// printings are all ways to print a value.
func printings(v any) map[string]string {
	all := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10.3v"} {
		all["fmt "+verb] = fmt.Sprintf(strings.TrimPrefix(verb, "%T "), v)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
	all["slog text"] = out.String()
	out.Reset()
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	all["slog JSON"] = out.String()
	all["panic"] = fmt.Sprint(error(fmt.Errorf("%v", v)))
	try := func(name string, encode func() ([]byte, error)) {
		defer func() { _ = recover() }() // a type that an encoding cannot take prints nothing
		if data, err := encode(); err != nil {
			all[name] = err.Error()
		} else {
			all[name] = string(data)
		}
	}
	try("JSON", func() ([]byte, error) { return json.Marshal(v) })
	try("XML", func() ([]byte, error) { return xml.Marshal(v) })
	try("YAML", func() ([]byte, error) { return yaml.Marshal(v) })
	try("gob", func() ([]byte, error) {
		var out bytes.Buffer
		err := gob.NewEncoder(&out).Encode(v)
		return out.Bytes(), err
	})
	return all
}

// shows reports whether a text shows a mark, plainly or as an encoding writes it.
func shows(text, mark string) bool {
	decimal := strings.Trim(fmt.Sprint([]byte(mark)), "[]")
	goBytes := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(mark)), "[]byte{"), "}")
	for _, form := range []string{
		mark, hex.EncodeToString([]byte(mark)), strings.ToUpper(hex.EncodeToString([]byte(mark))), decimal, goBytes, strings.ReplaceAll(decimal, " ", ","),
		base64.RawStdEncoding.EncodeToString([]byte(mark))[:10],
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// What a type holds of secrets, numbers and codes is in nothing that prints it. The
// test runs itself again with the list of all exported types, so that a new type is
// looked at without a word.
func TestNothingPrintsSecrets(t *testing.T) {
	if len(printed) > 0 {
		checkPrinted(t)
		return
	}
	dir := t.TempDir()
	types, overlay := filepath.Join(dir, "types_test.go"), filepath.Join(dir, "overlay.json")
	here, err := filepath.Abs("types_test.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{here: types}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, types, source(exported(t)))
	write(t, overlay, string(replace))
	out, err := exec.Command("go", "test", "-overlay", overlay, "-run", "^TestNothingPrintsSecrets$", "-v", ".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "types are printed") {
		t.Errorf("%v\n%s", err, out)
	}
}

// private matches the fields that hold a secret, a number or a code: by their type,
// by the tag of a setting, and by name. A field of bytes is private, whatever its
// name.
var private = regexp.MustCompile(`\((a number|bytes|a secret)\)|(?i)(secrets?|token|password|passphrase|dsn)( key)?$|` +
	`\.(Body|To|IP|Params|Value)$|^Params$|OutboxConfig.URL|(Attempt|TestNumber)\.Code`)

// checkPrinted prints a value of every type. The types that are data to be stored
// and sent stand in data, each with its reason.
func checkPrinted(t *testing.T) {
	t.Logf("%d types are printed", len(printed))
	for name, typ := range printed {
		why, isData := data[name]
		if isData && why == "" {
			t.Errorf("%s: it is data, and why is not written", name)
		}
		for field, ways := range shown(typ) {
			if _, known := open[field]; known || !private.MatchString(field) {
				continue
			}
			ways = slices.DeleteFunc(ways, func(way string) bool { return isData && slices.Contains(encodings, way) })
			if len(ways) > 0 {
				t.Errorf("%s: its %s is shown by %s", name, field, strings.Join(ways, ", "))
			}
		}
	}
	for name := range data {
		if _, ok := printed[name]; !ok {
			t.Errorf("%s is no exported type: take it out of data", name)
		}
	}
}

// encodings are how data is stored and sent.
var encodings = []string{"JSON", "XML", "YAML", "gob", "slog JSON"}

// shown lists the fields of a type that some print shows, and which.
func shown(typ reflect.Type) (by map[string][]string) {
	f := filler{marks: map[string]string{}}
	p := reflect.New(typ)
	f.fill(p.Elem(), typ.Name())
	wrapped := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Inside", Type: typ}}))
	wrapped.Elem().Field(0).Set(p.Elem())
	by = map[string][]string{}
	// Not a pointer below another value: under %s, fmt prints what it leads to without
	// its methods.
	values := []any{p.Elem().Interface(), p.Interface(), wrapped.Elem().Interface(), []any{p.Elem().Interface()}}
	if formatter := reflect.TypeFor[fmt.Formatter](); p.Type().Implements(formatter) && !typ.Implements(formatter) {
		values = []any{p.Interface()} // it is never copied
	}
	for _, v := range values {
		for way, text := range printings(v) {
			for mark, field := range f.marks {
				if shows(text, mark) && !slices.Contains(by[field], way) {
					by[field] = append(by[field], way)
				}
			}
		}
	}
	for _, ways := range by {
		slices.Sort(ways)
	}
	return by
}
