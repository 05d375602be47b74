package recipe_test

import (
	"fmt"

	"github.com/notifykit/notify/providers/http/recipe"
)

func Example() {
	r, err := recipe.Parse("acme.yaml", []byte(`
recipe: acme
endpoint: https://sms.acme.example
secrets: [key]
request: {path: /send, json: {key: "{secret.key}", to: "{to}", text: "{text}"}}
answer: {format: json, status: decides, accepted: {present: id}, id: id}
`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := r.Preview(recipe.Input{To: "+12025550123", Text: `say "hello"`, Endpoint: r.Endpoint, Secrets: map[string]string{"key": "s3cret"}})
	fmt.Println(q.Body, err)
	// Output: {"key":"****","to":"+12025550123","text":"say \"hello\""} <nil>
}
