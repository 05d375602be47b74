package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxSecret bounds a file named by ${file:…}, in bytes.
const maxSecret = 64 << 10

// An expander puts variables into scalars. Nothing in a value is read as YAML
// or as a variable again.
type expander struct {
	getenv  func(string) (string, bool)
	folder  string // which a relative ${file:…} is relative to
	secrets []secret
}

// expand puts variables into n and everything below it, whose path is path.
func (e *expander) expand(n *Node, path string, fault func(path string, err error)) {
	n.walk(path, func(path *trail, n *Node) {
		if n.Kind == Text && strings.Contains(n.Text, "${") {
			e.text(n, func(err error) { fault(path.String(), err) })
		}
	})
}

// text expands one scalar. All its faults are told.
func (e *expander) text(n *Node, fault func(error)) {
	var out strings.Builder
	rest := n.Text
	n.Written = n.Text
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			out.WriteString(rest)
			break
		}
		if strings.HasSuffix(before, "$") { // $${ is a ${ that stays
			out.WriteString(before + "{")
			rest = after
			continue
		}
		out.WriteString(before)
		inner, behind, closed := strings.Cut(after, "}")
		if !closed {
			fault(errors.New(`a "${" is never closed: write ${NAME}, or $${ for one that stays`))
			break
		}
		value, name, err := e.value(inner)
		if missing, ok := errors.AsType[*MissingError](err); ok {
			n.missing = append(n.missing, missing)
		} else if err != nil {
			fault(err)
		}
		if name != "" {
			n.Variables = append(n.Variables, name)
			e.secrets = append(e.secrets, secret{value, name})
		}
		if variable, _, ok := strings.Cut(inner, ":-"); ok && name == "" && err == nil {
			n.defaults = append(n.defaults, variable)
		}
		out.WriteString(value)
		rest = behind
	}
	n.Text = out.String()
}

// value gives what stands for ${inner}; name is empty where the value is the
// default that the file itself gives.
func (e *expander) value(inner string) (value, name string, err error) {
	if path, ok := strings.CutPrefix(inner, "file:"); ok {
		value, err = e.file(path)
		return value, nameOf(value, "${file:"+path+"}"), err
	}
	variable, rest, _ := strings.Cut(inner, ":")
	if !isName(variable) || rest == "" && strings.Contains(inner, ":") || rest != "" && rest[0] != '-' && rest[0] != '?' {
		return "", "", fmt.Errorf("${%s} is no variable: write ${NAME}, ${NAME:-default}, ${NAME:?why} or ${file:/path}", clip(inner))
	}
	value, set := e.getenv(variable)
	switch {
	case value != "":
		return value, "${" + variable + "}", nil
	case strings.HasPrefix(rest, "-"):
		if strings.Contains(rest, "${") {
			return "", "", fmt.Errorf("the default of ${%s} holds another variable: that is not read, write one variable", variable)
		}
		return rest[1:], "", nil
	}
	state := "is not set"
	if set {
		state = "is empty"
	}
	why := strings.TrimPrefix(rest, "?")
	if why == "" {
		why = fmt.Sprintf("set it, or write ${%s:-default} if it may be missing", variable)
	}
	return "", "", &MissingError{variable, fmt.Errorf("the environment variable %s %s: %s", variable, state, why)}
}

// A MissingError is a variable that has no value.
type MissingError struct {
	Name string // "NAME" or "file:/path"
	Err  error
}

// Error returns the text of Err.
func (e *MissingError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *MissingError) Unwrap() error { return e.Err }

// An Unset stands in plain data for a text that some variables of are missing. It
// lets a program read a configuration without the secrets of what it does not
// open. Decode reports it.
type Unset struct{ errs []error }

// nameOf gives name where there is a value to hide.
func nameOf(value, name string) string {
	if value == "" {
		return ""
	}
	return name
}

// file reads a secret from a file. Its last line end is an editor's and is
// dropped.
func (e *expander) file(path string) (string, error) {
	if path == "" {
		return "", errors.New("${file:} names no file: write ${file:/run/secrets/name}")
	}
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(e.folder, full)
	}
	info, err := os.Stat(full) // before it is opened: to open a pipe that has no writer blocks
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("${file:%s}: it is not a regular file: write the secret into one", path)
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(full)
	}
	if errors.Is(err, os.ErrNotExist) {
		return "", &MissingError{"file:" + path, fmt.Errorf("${file:%s}: %w", path, cause(err))}
	}
	if err != nil {
		return "", fmt.Errorf("${file:%s}: %w", path, cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("${file:%s}: %w", path, cause(err))
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("${file:%s}: the file is longer than %d bytes", path, maxSecret)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case strings.HasPrefix(value, "\ufeff"):
		return "", fmt.Errorf("${file:%s}: the file begins with a byte order mark (U+FEFF): save it without one", path)
	case !utf8.ValidString(value):
		return "", fmt.Errorf("${file:%s}: the file is not UTF-8: save it as plain text", path)
	case value == "":
		return "", fmt.Errorf("${file:%s}: the file is empty", path)
	case strings.TrimSpace(value) != value:
		return "", fmt.Errorf("${file:%s}: the file begins or ends with blanks or empty lines: take them out", path)
	}
	return value, nil
}

// cause drops what os puts around its errors: the path is told already.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func clip(s string) string {
	q := quote(s)
	return q[1 : len(q)-1]
}
