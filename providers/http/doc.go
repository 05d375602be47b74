// Package http sends through any SMS gateway that a recipe describes, without Go code
// for it. A recipe is a YAML file; [Names] lists those that ship with the library, and
// docs/recipes.md describes the format.
//
//	p, err := http.New(http.Options{Recipe: "yunpian", Secrets: map[string]string{"apikey": "…"}})
//	receipt, err := p.Send(ctx, sms.Message{To: "+8613800000000", Body: "…"})
//
// In a configuration file:
//
//	providers:
//	  yunpian: {driver: http, recipe: yunpian, secrets: {apikey: "${YUNPIAN_KEY}"}}
//
// One Send makes one call and never repeats it. What an answer means is the recipe's;
// what cannot be read leaves the outcome Unknown. A value of a message never changes
// the shape of a request.
//
// What it does not guarantee: that a gateway still does what its documentation said
// when the recipe was written. `notify recipe list` shows which recipes were read from
// the vendor's own page.
package http
