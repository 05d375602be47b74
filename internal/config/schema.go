package config

import (
	"encoding"
	"reflect"
	"strings"

	"github.com/notifykit/notify/sms"
)

// Schema is the JSON Schema of a configuration file for these drivers, made of
// the types that the file is decoded into. A value that YAML reads as a number or
// a switch is a text where a text is wanted, because it is read as typed.
func Schema(drivers ...sms.Driver) map[string]any {
	defs := map[string]any{}
	root := schemaOf(reflect.TypeFor[document](), defs)
	file := defs["document"].(map[string]any)
	properties := file["properties"].(map[string]any)
	var names []any
	var choices []any
	for _, d := range drivers {
		names = append(names, d.Name)
		settings := map[string]any{"type": "object", "properties": map[string]any{"driver": map[string]any{"const": d.Name}}, "additionalProperties": false}
		if d.Settings != nil {
			for _, k := range KeysOf(d.Settings) {
				described(settings["properties"].(map[string]any), k.Name, withVariables(schemaOf(k.Type, defs)), k.Doc, k.Default)
			}
		}
		defs["driver_"+d.Name] = settings
		choices = append(choices, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"driver": map[string]any{"const": d.Name}}, "required": []any{"driver"}},
			"then": map[string]any{"$ref": "#/$defs/driver_" + d.Name},
		})
	}
	provider := map[string]any{"type": []any{"object", "null"}, "properties": map[string]any{"driver": map[string]any{"type": "string", "examples": names}}, "allOf": choices}
	properties["providers"] = map[string]any{"type": "object", "description": "by a name of your choice: who sends", "additionalProperties": provider}
	templates := properties["templates"].(map[string]any)
	properties["templates"] = map[string]any{"description": templates["description"], "oneOf": []any{
		map[string]any{"type": "object", "additionalProperties": map[string]any{"$ref": "#/$defs/template"}},
		map[string]any{"type": "array", "items": map[string]any{"type": []any{"string", "object"}}},
	}}
	nullable(file)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "notify.yaml"
	root["$defs"] = defs
	return root
}

// nullable lets every part of the file be null, as an environment removes it.
func nullable(file map[string]any) {
	properties := file["properties"].(map[string]any)
	for key, value := range properties {
		properties[key] = map[string]any{"anyOf": []any{value, map[string]any{"type": "null"}}}
	}
}

// withVariables lets a value be a text that holds a variable.
func withVariables(s map[string]any) map[string]any {
	if s["type"] == "object" || s["type"] == "array" {
		return s
	}
	return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": `\$\{`}}}
}

func described(properties map[string]any, name string, s map[string]any, doc, standard string) {
	if _, ref := s["$ref"]; ref {
		s = map[string]any{"allOf": []any{s}}
	}
	words := strings.ReplaceAll(doc, "'", "`")
	if standard != "" {
		words = strings.TrimSpace(words + " (default: " + strings.ReplaceAll(standard, "'", "`") + ")")
	}
	if words != "" {
		s["description"] = words
	}
	properties[name] = s
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	kindType        = reflect.TypeFor[sms.Kind]()
	rateType        = reflect.TypeFor[Rate]()
	allowanceType   = reflect.TypeFor[Allowance]()
)

// schemaOf gives the schema of a type; structs go to defs.
func schemaOf(t reflect.Type, defs map[string]any) map[string]any {
	typed := []any{"string", "number", "boolean"} // read as it is written
	switch {
	case t == kindType:
		var kinds []any
		for k := sms.Verification; k <= sms.International; k++ {
			kinds = append(kinds, k.String())
		}
		return map[string]any{"enum": kinds}
	case t == allowanceType:
		var names []any
		for _, a := range allowances {
			names = append(names, string(a.Name))
		}
		return map[string]any{"enum": names}
	case t == durationType:
		return map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	case t == rateType:
		return map[string]any{"type": "string", "pattern": `^[1-9][0-9]* */ *[0-9a-z.]+$`}
	case t.Kind() != reflect.Struct && reflect.PointerTo(t).Implements(textUnmarshaler), t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(textUnmarshaler):
		return map[string]any{"type": typed}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), defs)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), defs)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), defs)}
	case reflect.Struct:
		return structSchema(t, defs)
	}
	return map[string]any{"type": typed}
}

func structSchema(t reflect.Type, defs map[string]any) map[string]any {
	name := strings.ToLower(t.Name())
	if name == "" { // a map of empty structs: what stands there is another's
		return map[string]any{}
	}
	if _, known := defs[name]; !known {
		properties := map[string]any{}
		defs[name] = map[string]any{"type": []any{"object", "null"}, "properties": properties, "additionalProperties": false}
		for f := range t.Fields() {
			if key, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); key != "" && key != "-" {
				s := schemaOf(f.Type, defs)
				if f.Tag.Get("vars") == "yes" && f.Type.Kind() != reflect.Map && f.Type.Kind() != reflect.Slice {
					s = withVariables(s)
				}
				described(properties, key, s, f.Tag.Get("doc"), f.Tag.Get("default"))
			}
		}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}
