package config

import (
	"encoding"
	"maps"
	"reflect"
	"strings"

	"github.com/notifykit/notify/sms"
)

// Schema is the JSON Schema of a configuration file for these drivers. It is made
// of the type that the file is decoded into, of which root is a value. A value that
// YAML reads as a number or a switch is a text if a text is wanted, because it is
// read as it is written.
func Schema(root any, drivers ...sms.Driver) map[string]any {
	defs := map[string]any{}
	schema := schemaOf(reflect.TypeOf(root), "", defs)
	file := defs["config"].(map[string]any)
	properties := file["properties"].(map[string]any)
	var names []any
	var choices []any
	for _, d := range drivers {
		names = append(names, d.Name)
		settings := map[string]any{"type": "object", "properties": map[string]any{"driver": map[string]any{"const": d.Name}}, "additionalProperties": false}
		if d.Settings != nil {
			for _, k := range KeysOf(d.Settings) {
				described(settings["properties"].(map[string]any), k.Name, orVariable(schemaOf(k.Type, "", defs)), k.Doc, k.Default)
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
	delete(defs, "providerconfig")
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "notify.yaml"
	schema["$defs"] = defs
	return schema
}

// nullable lets every part of the file be null, as an environment removes it.
func nullable(file map[string]any) {
	properties := file["properties"].(map[string]any)
	for key, value := range properties {
		properties[key] = map[string]any{"anyOf": []any{value, map[string]any{"type": "null"}}}
	}
}

// orVariable lets a value be a text that holds a variable.
func orVariable(s map[string]any) map[string]any {
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
)

// schemaOf returns the schema of a type whose texts have a form; structs go to
// defs.
func schemaOf(t reflect.Type, form string, defs map[string]any) map[string]any {
	if f, ok := formOfType(form, t); ok {
		return maps.Clone(f.schema)
	}
	switch {
	case t == kindType:
		var kinds []any
		for k := sms.Verification; k <= sms.International; k++ {
			kinds = append(kinds, k.String())
		}
		return map[string]any{"enum": kinds}
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		return map[string]any{"type": asTyped}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), form, defs)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		if nameField(t.Elem()) >= 0 { // written as a map
			return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), form, defs)}
		}
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), form, defs)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), form, defs)}
	case reflect.Struct:
		return structSchema(t, defs)
	}
	return map[string]any{"type": asTyped}
}

func structSchema(t reflect.Type, defs map[string]any) map[string]any {
	name := strings.ToLower(t.Name())
	if _, known := defs[name]; !known {
		properties := map[string]any{}
		defs[name] = object(properties)
		for f := range t.Fields() {
			key, form, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key == "" || key == "-" {
				continue
			}
			var s map[string]any
			switch {
			case key == "environments":
				s = map[string]any{"type": "object", "additionalProperties": map[string]any{"$ref": "#/$defs/" + name}}
			case f.Name == "_": // a map that is no struct of its own
				s = object(map[string]any{})
			default:
				s = schemaOf(f.Type, form, defs)
			}
			if f.Tag.Get("vars") == "yes" && f.Type.Kind() != reflect.Map && f.Type.Kind() != reflect.Slice {
				s = orVariable(s)
			}
			into := properties
			if above, below, nested := strings.Cut(key, "."); nested {
				into, key = properties[above].(map[string]any)["properties"].(map[string]any), below
			}
			described(into, key, s, f.Tag.Get("doc"), f.Tag.Get("default"))
		}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": []any{"object", "null"}, "properties": properties, "additionalProperties": false}
}
