package outbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// equivalent mutants do what the machine does, each for the reason beside it.
var equivalent = map[string]string{}

// every is which mutants are made; with NOTIFY_LONG=1 all of them.
const every = 8

// A program makes mutants of the rules from their syntax tree: each condition
// negated, each operand of one left out, each case dropped. The walk through all
// states has to find each of them.
func TestNext_mutants(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the mutants")
	}
	step := every
	if os.Getenv("NOTIFY_LONG") == "1" {
		step = 1
	}
	dir := t.TempDir()
	names := writeMutants(t, dir, step)
	for _, file := range []string{"state.go", "machine.go", "walk_test.go", "walk_world_test.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, strings.ReplaceAll(file, "_test", "_mutated"), text)
	}
	write(t, dir, "go.mod", []byte("module mutants\n\ngo 1.26\n"))
	write(t, dir, "main_test.go", mutantsMain(len(names)))
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run=TestMutants", "-v", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := map[int]string{}
	_, answer, _ := bytes.Cut(out, []byte("mutants: "))
	answer, _, _ = bytes.Cut(answer, []byte("\n"))
	if err := json.Unmarshal(answer, &found); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	killed := 0
	for i, name := range names {
		reason, known := equivalent[name]
		switch {
		case found[i] != "" && known:
			t.Errorf("%s is found and called equivalent: %s", name, found[i])
		case found[i] != "":
			killed++
		case known:
			t.Logf("not found: %s: %s", name, reason)
		default:
			t.Errorf("the walk does not find the mutant %q", name)
		}
	}
	for name := range equivalent {
		if step == 1 && !slices.Contains(names, name) {
			t.Errorf("there is no mutant %q any more", name)
		}
	}
	t.Logf("%d of %d mutants are found", killed, len(names))
}

func write(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mutantsMain is a test that walks n mutants and prints the first fault of each.
func mutantsMain(n int) []byte {
	var b strings.Builder
	b.WriteString(`package outbox

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestMutants(t *testing.T) {
	found := map[int]string{}
	for i, next := range mutants {
		all := []policy{}
		for _, p := range policies() {
			all = append(all, p)
			if faults, _ := walk(next, []policy{p}, nil); len(faults) > 0 && found[i] == "" {
				found[i] = faults[0]
			}
		}
		if found[i] == "" {
			if faults, _ := walk(next, all, nil); len(faults) > 0 {
				found[i] = faults[0]
			}
		}
	}
	text, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("mutants: %s\n", text)
}

var mutants = []nextFunc{`)
	for i := range n {
		fmt.Fprintf(&b, "next%d,", i)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// A mutation changes the tree, and undoes it.
type mutation struct {
	name     string
	do, undo func()
}

// writeMutants writes a file for each mutant that compiles, and returns their names.
func writeMutants(t *testing.T, dir string, step int) (names []string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "next.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var others []*ast.File
	for _, name := range []string{"machine.go", "state.go"} {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, f)
	}
	functions := map[string]bool{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			functions[f.Name.Name] = true
		}
	}
	from := importer.ForCompiler(fset, "source", nil)
	seen := map[string]bool{}
	for i, m := range mutations(fset, file) {
		if i%step != 0 {
			continue
		}
		m.do()
		if _, err := (&types.Config{Importer: from}).Check("outbox", fset, append([]*ast.File{file}, others...), nil); err == nil {
			for n := 2; seen[m.name]; n++ {
				m.name = fmt.Sprintf("%s (%d)", strings.TrimSuffix(m.name, fmt.Sprintf(" (%d)", n-1)), n)
			}
			seen[m.name] = true
			write(t, dir, fmt.Sprintf("mutant%d.go", len(names)), renamed(t, fset, file, functions, len(names)))
			names = append(names, m.name)
		}
		m.undo()
	}
	return names
}

// renamed is the text of file with a number behind the name of each function, and
// without its constants but for the first.
func renamed(t *testing.T, fset *token.FileSet, file *ast.File, functions map[string]bool, n int) []byte {
	t.Helper()
	copied := *file
	if n > 0 {
		copied.Decls = slices.DeleteFunc(slices.Clone(file.Decls), func(d ast.Decl) bool {
			g, ok := d.(*ast.GenDecl)
			return ok && g.Tok == token.CONST
		})
	}
	copied.Comments = nil
	var undo []func()
	ast.Inspect(&copied, func(x ast.Node) bool {
		if id, ok := x.(*ast.Ident); ok {
			if _, mine := functions[id.Name]; mine {
				old := id.Name
				id.Name = fmt.Sprintf("%s%d", old, n)
				undo = append(undo, func() { id.Name = old })
			}
		}
		return true
	})
	defer func() {
		for _, u := range undo {
			u()
		}
	}()
	var b bytes.Buffer
	if err := format.Node(&b, fset, &copied); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mutations are all changes of a file.
func mutations(fset *token.FileSet, file *ast.File) (all []mutation) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		in := f.Name.Name
		ast.Inspect(f, func(x ast.Node) bool {
			switch x := x.(type) {
			case *ast.IfStmt:
				all = append(all, conditions(fset, in, &x.Cond)...)
			case *ast.SwitchStmt:
				for i, s := range x.Body.List {
					c := s.(*ast.CaseClause)
					name := "default"
					for j := range c.List {
						name = text(fset, c.List[j])
						if x.Tag == nil {
							all = append(all, conditions(fset, in, &c.List[j])...)
						}
					}
					list := x.Body.List
					all = append(all, mutation{in + ": no case " + name,
						func() { x.Body.List = slices.Delete(slices.Clone(list), i, i+1) }, func() { x.Body.List = list }})
				}
			}
			return true
		})
	}
	return all
}

// conditions are the changes of one condition: negated, and without each operand.
func conditions(fset *token.FileSet, in string, at *ast.Expr) (all []mutation) {
	old := *at
	name := text(fset, old)
	all = append(all, mutation{in + ": not " + name,
		func() { *at = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: old}} }, func() { *at = old }})
	if b, ok := old.(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR) {
		for _, side := range []ast.Expr{b.X, b.Y} {
			all = append(all, mutation{in + ": " + text(fset, side) + " for " + name, func() { *at = side }, func() { *at = old }})
		}
	}
	return all
}

func text(fset *token.FileSet, x ast.Node) string {
	var b bytes.Buffer
	_ = format.Node(&b, fset, x) // a tree that was parsed has a text
	return b.String()
}
