package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// eachFile calls f for each Go file of the repository that is no test.
func eachFile(t *testing.T, f func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root) {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		inside, _ := filepath.Rel(root, path)
		f(filepath.ToSlash(inside), set, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// named returns the name of an expression: x, or x of sms.x.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if p, ok := e.X.(*ast.Ident); ok && p.Name == "sms" {
			return e.Sel.Name
		}
	}
	return ""
}

// A refusal is made by sms.Refuse, which leaves no field out, except where an error is put
// together from several, or read back.
func TestRefusals_oneConstructor(t *testing.T) {
	others := []string{"sms/error.go", "sms/attempts.go", "outbox/story.go"}
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || named(lit.Type) != "Error" {
				return true
			}
			for _, e := range lit.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if ok && named(kv.Key) == "Outcome" && named(kv.Value) == "Rejected" && !slices.Contains(others, path) {
					t.Errorf("%v: a refusal as a literal: make it with sms.Refuse", set.Position(lit.Pos()))
				}
			}
			return true
		})
	})
}

// Throttled is a vendor's word. What limits messages here says paced, over_budget, or
// recipient_limited without a Provider.
func TestThrottled_isTheVendorsWord(t *testing.T) {
	readers := []string{
		"middleware/ratelimit.go",    // reads it as Paced
		"outbox/judge.go",            // what a vendor said
		"sandbox/recipes/recipes.go", // asks a recipe for its code
	}
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		if strings.HasPrefix(path, "providers/") || strings.HasPrefix(path, "sms/") || slices.Contains(readers, path) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && named(s) == "Throttled" {
				t.Errorf("%v: sms.Throttled", set.Position(s.Pos()))
			}
			return true
		})
	})
}
