package recipe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A mutant is a recipe with one leaf changed.
type mutant struct {
	path  string
	apply func() (undo func())
}

// parts of a recipe that say nothing of how it sends or reads.
var noBehaviour = []string{"about", "sources", "unverified", "settings", "examples", "endpoint"}

// mutants returns one change for each leaf and each name of a field, and one for each
// two neighbours in a list of pieces.
func mutants(n *yaml.Node, path string, list *[]mutant) {
	set := func(at *yaml.Node, path, value string) {
		if value == at.Value {
			return
		}
		*list = append(*list, mutant{path, func() func() {
			old := at.Value
			at.Value = value
			return func() { at.Value = old }
		}})
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			below := strings.TrimPrefix(path+"."+key.Value, ".")
			if path == "" && slices.Contains(noBehaviour, key.Value) {
				continue
			}
			if namesField(path) {
				set(key, below+" (name)", key.Value+"x")
			}
			mutants(value, below, list)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			mutants(item, fmt.Sprintf("%s.%d", path, i), list)
			if i > 0 && strings.HasPrefix(path, "sign.") && item.Kind == yaml.ScalarNode {
				*list = append(*list, mutant{fmt.Sprintf("%s.%d (swapped)", path, i), func() func() {
					swap := func() { n.Content[i-1], n.Content[i] = n.Content[i], n.Content[i-1] }
					swap()
					return swap
				}})
			}
		}
	case yaml.ScalarNode:
		set(n, path, changedLeaf(n))
	}
}

// namesField reports whether the names below a path are the gateway's.
func namesField(path string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "find."), ".")
	return slices.ContainsFunc([]string{"query", "form", "json", "xml", "headers"}, func(s string) bool { return rest == s || strings.HasPrefix(rest, s+".") })
}

func changedLeaf(n *yaml.Node) string {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	switch {
	case n.Value == "true":
		return "false"
	case n.Value == "false":
		return "true"
	case !quoted && jsonNumber.MatchString(n.Value):
		return n.Value + "1"
	case strings.HasPrefix(n.Value, "{") && strings.Contains(n.Value, ":"):
		return "{from?}" // a typed placeholder stands alone
	}
	return n.Value + "x"
}

// isRow reports whether a leaf is a row of a table of the vendor's, of which the
// examples need one of each shape: a code, a word of a report, or one of several words
// that accept.
func isRow(path string) bool {
	return strings.HasPrefix(path, "answer.codes.") || strings.Contains(path, ".state.") && !strings.HasSuffix(path, ".state.at") ||
		strings.HasPrefix(path, "answer.accepted.") && strings.Contains(path, ".is.")
}

// bounds are leaves that no documented message reaches.
var bounds = []string{"limits.", "key.max", "find.full", "find.after", "find.back", "nonce."}

// survivors are the mutants that the examples do not find, with the reason.
var survivors = map[string]string{
	"africastalking: reports.code":    "the documented report is of a delivery, and has no failureReason",
	"didww: answer.accepted.1.absent": "a second guard: the first rule refuses the documented refusal too",
	"infobip: reports.price":          "examples do not compare prices", "infobip: reports.currency": "examples do not compare prices",
	"jasmin: unicode.query.content": "an overlay of null takes the field away, whatever follows",
	"kannel: answer.code":           "the codes of answers are HTTP statuses",
	"messagebird: reports.code":     "the documented report is of a delivery, and has no error",
	"telnyx: reports.code":          "the documented report is of a delivery, and has no error",
	"yunpian: answer.message.1":     "the second choice, where the documented refusals have the first",
}

// The examples judge every leaf: of the mutants at least 95 in 100 are found by each
// recipe's examples. Rows of the tables are counted apart.
func TestMutants(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 5
	}
	all, alive, at := 0, 0, 0
	for _, r := range shipped(t) {
		root, err := document(r.data)
		if err != nil {
			t.Fatal(err)
		}
		var list []mutant
		mutants(root, "", &list)
		mine, left := 0, 0
		for _, m := range list {
			if isRow(m.path) || slices.ContainsFunc(bounds, func(b string) bool { return strings.HasPrefix(m.path, b) }) {
				continue
			}
			if at++; at%step != 0 {
				continue
			}
			mine++
			undo := m.apply()
			data, err := yaml.Marshal(root)
			undo()
			if err != nil {
				t.Fatal(err)
			}
			if found := fails(r, data); !found {
				left++
				if survivors[r.Name+": "+m.path] == "" {
					t.Errorf("%s: %s can be changed, and the examples hold", r.Name, m.path)
				}
			}
		}
		all, alive = all+mine, alive+left
		if step == 1 && left*20 > mine {
			t.Errorf("%s: %d of %d mutants live", r.Name, left, mine)
		}
	}
	t.Logf("%d of %d mutants live", alive, all)
	if alive*20 > all {
		t.Errorf("%d of %d mutants live", alive, all)
	}
}

// fails reports whether a changed recipe is refused, or fails its examples.
func fails(r *Recipe, data []byte) bool {
	changed, err := Parse(r.file, data, r.beside)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(changed.Test(), func(result Result) bool { return result.Err != nil })
}
