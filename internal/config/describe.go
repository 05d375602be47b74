package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A Key is one key that a part of the file may have, as the documentation and
// the schema tell it.
type Key struct {
	Name    string // with what leads to it from the part: "retry.attempts"
	Default string // what holds where it is missing
	Doc     string // where 'this' is what somebody writes
	Vars    bool   // its value may hold variables
	Type    reflect.Type
}

// KeysOf returns the keys of a struct by its yaml tags, with what its default, doc
// and vars tags say. A struct within it that has no doc tag has its keys in its
// place.
func KeysOf(part any) []Key { return keysOfType("", reflect.TypeOf(part)) }

func keysOfType(above string, t reflect.Type) (keys []Key) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			keys = append(keys, keysOfType(above, f.Type)...)
		case name == "" || name == "-":
		case f.Type.Kind() == reflect.Struct && f.Tag.Get("doc") == "" && f.Type.NumField() > 0:
			keys = append(keys, keysOfType(name+".", f.Type)...)
		default:
			keys = append(keys, Key{above + name, f.Tag.Get("default"), f.Tag.Get("doc"), f.Tag.Get("vars") == "yes", f.Type})
		}
	}
	return keys
}

// Within returns the keys of the map at above, which is no struct of its own, and
// without an above those that stand in no such map.
func Within(above string, keys []Key) (within []Key) {
	for _, k := range keys {
		in, key, nested := strings.Cut(k.Name, ".")
		switch {
		case nested && in == above:
			k.Name = key
			within = append(within, k)
		case !nested && above == "":
			within = append(within, k)
		}
	}
	return within
}

// Table writes keys as a table of Markdown.
func Table(keys []Key) string {
	var b strings.Builder
	b.WriteString("| key | default | |\n|---|---|---|\n")
	for _, k := range keys {
		doc := marked(k.Doc)
		if k.Vars {
			doc = strings.TrimSuffix(doc, ".") + "; may hold variables"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, defaultCell(k.Default), doc)
	}
	return b.String()
}

var quotedWord = regexp.MustCompile(`(^|[ (])'([^']+)'($|[ ,.;:)])`)

// marked writes 'this' as code. It looks twice, for neighbours share a blank.
func marked(doc string) string {
	for range 2 {
		doc = quotedWord.ReplaceAllString(doc, "$1`$2`$3")
	}
	return strings.ReplaceAll(doc, "|", `\|`)
}

// defaultCell shows words plainly and values as code.
func defaultCell(text string) string {
	if text == "" {
		return ""
	}
	if strings.ContainsAny(text, " ") || slices.Contains([]string{"none", "needed", "all", "off", "any"}, text) || strings.Contains(text, "'") {
		return text
	}
	return "`" + text + "`"
}
