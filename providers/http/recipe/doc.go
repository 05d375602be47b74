// Package recipe reads recipes: YAML files that describe an SMS gateway over HTTP.
// A recipe says how a request is made and signed, what an answer means, how a
// message is found afterwards and how reports arrive. It has examples, which
// [Recipe.Test] runs without a network.
//
//	r, err := recipe.Parse("acme.yaml", data, os.DirFS("."))
//	request, err := r.Request(recipe.Input{To: "+12025550123", Text: "hello", …})
//
// A request is a tree that the YAML parser has read. Placeholders such as {to} stand
// in its leaves only. They are filled once, after parsing, and a writer then encodes
// the whole, so that no value can change the shape of a request. There is no
// expression language.
//
// A [Recipe] does not change after Parse and may be used by any number of goroutines.
// It makes no calls: package providers/http sends what it describes. docs/recipes.md
// describes the format.
package recipe
