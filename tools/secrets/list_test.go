// Package secrets_test prints a value of every exported type of every package in
// every way, and looks for secrets, numbers and codes in what is printed.
package secrets_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/notifykit/notify"

// exported lists "path.Type" of every exported struct, and of every other exported
// type that holds text, of the packages that programs import. The compiler's own
// export data says which there are, so a new type is in the list.
func exported(t *testing.T) (all []string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Name,Export", "work")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	var ours []string
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Name, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
		if p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/") {
			parts := strings.Split(strings.TrimPrefix(p.ImportPath, module+"/"), "/")
			if p.Name != "main" && p.Export != "" && !slices.Contains(parts, "internal") && parts[0] != "bench" {
				ours = append(ours, p.ImportPath)
			}
		}
	}
	gc := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	for _, p := range ours {
		pkg, err := gc.Import(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.Scope().Names() {
			o, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || !ast.IsExported(name) || o.IsAlias() {
				continue
			}
			if named, ok := o.Type().(*types.Named); ok && named.TypeParams().Len() == 0 && holdsText(o.Type().Underlying()) {
				all = append(all, p+"."+name)
			}
		}
	}
	slices.Sort(all)
	return all
}

// holdsText reports whether a value of this type can hold text.
func holdsText(t types.Type) bool {
	switch t := t.(type) {
	case *types.Struct, *types.Map:
		return true
	case *types.Slice:
		return true
	case *types.Basic:
		return t.Info()&types.IsString != 0
	case *types.Array:
		return true
	}
	return false
}

// source is the content of types_test.go for these types.
func source(all []string) string {
	var b strings.Builder
	b.WriteString("package secrets_test\n\nimport (\n\t\"reflect\"\n\n")
	var paths []string
	for _, one := range all {
		if p := one[:strings.LastIndexByte(one, '.')]; !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	for i, p := range paths {
		fmt.Fprintf(&b, "\tp%d %q\n", i, p)
	}
	b.WriteString(")\n\n// printed are all exported types that can hold text.\nvar printed = map[string]reflect.Type{\n")
	for _, one := range all {
		dot := strings.LastIndexByte(one, '.')
		fmt.Fprintf(&b, "\t%q: reflect.TypeFor[p%d.%s](),\n", strings.TrimPrefix(strings.TrimPrefix(one[:dot], module), "/")+one[dot:], slices.Index(paths, one[:dot]), path.Ext(one)[1:])
	}
	b.WriteString("}\n")
	return b.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
