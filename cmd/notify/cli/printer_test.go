package cli

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// A printer holds the only way to the two streams of a command. This test refuses other
// ways: the streams themselves, a format that is no constant, text that only says that
// it is clean.
func TestPrinter_isTheOnlyWayOut(t *testing.T) {
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]bool{}
	parsed := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = file
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					for _, n := range s.(*ast.ValueSpec).Names {
						constants[n.Name] = true
					}
				}
			}
		}
	}
	allowed := map[string]string{ // what may stand in which call or file, and why
		"raw in OptionSetWriter": "the bar moves the cursor itself, and describes numbers only",
		"Stdout in newPrinter":   "the stream itself", "Stderr in newPrinter": "the stream itself",
		"writer in SetOut": "help", "writer in SetErr": "help", "writer in NewTextHandler": "a log", "writer in Print": "a configuration",
	}
	for name, file := range parsed {
		own := name == "printer.go"
		var stack []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return true
			}
			stack = append(stack, n)
			refuse := func(what string) { t.Errorf("%v: %s", files.Position(n.Pos()), what) }
			switch n := n.(type) {
			case *ast.SelectorExpr:
				pkg, _ := n.X.(*ast.Ident)
				std := pkg != nil && (pkg.Name == "os" && (n.Sel.Name == "Stdout" || n.Sel.Name == "Stderr"))
				if !own && (std || n.Sel.Name == "raw" || n.Sel.Name == "writer") && allowed[n.Sel.Name+" in "+outer(stack)] == "" {
					refuse(n.Sel.Name + " stands outside of the printer")
				}
				if pkg != nil && (pkg.Name == "fmt" && strings.HasPrefix(n.Sel.Name, "Print") || pkg.Name == "log") {
					refuse(pkg.Name + "." + n.Sel.Name + " goes around the printer")
				}
			case *ast.CallExpr:
				switch f := n.Fun.(type) {
				case *ast.SelectorExpr:
					if f.Sel.Name == "printf" && !constant(n.Args[0], constants) {
						refuse("the format is no constant: what others wrote is an argument")
					}
				case *ast.Ident:
					if f.Name == "print" || f.Name == "println" {
						refuse(f.Name + " goes around the printer")
					}
					if f.Name == "painted" && !own && name != "print.go" && !(name == "check.go" && within(stack, "write")) {
						refuse("only the palette paints")
					}
				}
			}
			return true
		})
	}
}

// outer returns the name of the function whose argument the last of stack is part of.
func outer(stack []ast.Node) string {
	for i := len(stack) - 2; i >= 0; i-- {
		call, ok := stack[i].(*ast.CallExpr)
		if !ok || call.Fun == stack[i+1] { // a.out.writer() is called itself
			continue
		}
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			return f.Sel.Name
		case *ast.Ident:
			return f.Name
		}
	}
	return ""
}

func within(stack []ast.Node, function string) bool {
	for _, n := range stack {
		if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == function {
			return true
		}
	}
	return false
}

func constant(e ast.Expr, constants map[string]bool) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return constants[e.Name]
	}
	return false
}

type spoken string

func (s spoken) String() string { return string(s) }

// Whatever an argument is, it stays in its line and moves nothing.
func FuzzPrinter(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		p := newPrinter(&b)
		p.printf("%s %v %v %v %d\n", text, errors.New(text), spoken(text), &fs.PathError{Op: "open", Path: text, Err: errors.New(text)}, 7)
		p.println(text, []string{text}, map[string]string{text: text}, struct{ A string }{text})
		p.println(palette(true).paint(0, text))
		p.printf("%s\n", drifted{text, text, text}.write(false, red, "[-", "-]"))
		if n := strings.Count(b.String(), "\n"); n != 4 {
			t.Fatalf("%q makes %d lines", text, n)
		}
		harmless(t, b.String())

		b.Reset()
		coloured := palette(true).paint(red, text)
		p.println(coloured)
		harmless(t, strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(b.String()))

		b.Reset()
		if err := p.json(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
		harmless(t, b.String())
		var read map[string]string
		if err := json.Unmarshal([]byte(b.String()), &read); err != nil || read["text"] != strings.ToValidUTF8(text, "\ufffd") && strings.ToValidUTF8(text, "") == text {
			t.Fatalf("%q is %q in JSON, %v", text, read["text"], err)
		}

		b.Reset()
		if err := p.document(text); err != nil {
			t.Fatal(err)
		}
		if _, err := p.writer().Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		harmless(t, strings.ReplaceAll(b.String(), "\t", " "))
	})
}

// The sites that print what others wrote.
func TestPrinter_sites(t *testing.T) {
	for _, text := range hostile {
		var out strings.Builder
		a := &app{out: newPrinter(&out), errs: newPrinter(&out), config: text}
		a.writeFindings([]findingAnswer{{Provider: text, Name: text, Template: text, Subject: text, Ours: "x" + text + "y", Theirs: text, Detail: text}}, false)
		a.writePreviews([]shownPreview{{Provider: text, Text: text, Parameters: map[string]string{text: text}}, {Provider: text, Error: text}})
		a.writeRendered([]rendered{{Template: text}, {Template: text}})
		a.writeSent(sentAnswer{Provider: text, ID: text, Code: text, Attempts: []attemptAnswer{{Provider: text, Error: text}}})
		a.writeRemarks([]remark{{text, text, text}}, 1)
		a.complain(errors.New(text))
		describe(a.out, &sandbox.Sandbox{URL: "http://127.0.0.1/" + text}, sandboxFlags{addr: text}, nil, []string{text})
		harmless(t, out.String())
		if strings.Contains(out.String(), "evil:\n") {
			t.Errorf("%q made lines:\n%s", text, out.String())
		}
	}
}
