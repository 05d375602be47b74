package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
)

// open writes text into a file and opens it for the columns "name" and "order".
func open(t testing.TB, text string, change ...func(*sheet.Options)) (*sheet.Sheet, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := sheet.Options{Encoding: sheet.Auto, Names: []string{"name", "order"}}
	for _, c := range change {
		c(&o)
	}
	s, err := sheet.Open(path, o)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// rows writes each row as line, number and values, or as line and error.
func rows(t testing.TB, s *sheet.Sheet) (list []string, err error) {
	t.Helper()
	err = s.Each(func(r sheet.Row) bool {
		if r.Err != nil {
			list = append(list, fmt.Sprintf("%d: %v", r.Line, r.Err))
		} else {
			list = append(list, fmt.Sprintf("%d %s %s %s", r.Line, r.To, r.Values["name"], r.Values["order"]))
		}
		return true
	})
	return list, err
}

func encoded(t testing.TB, name, text string) string {
	t.Helper()
	e, err := htmlindex.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const two = "to,name,order\n13900000001,张三,A-1\n13900000002,李四,A-2\n"

var wantTwo = []string{"2 13900000001 张三 A-1", "3 13900000002 李四 A-2"}

func TestOpen_readsWhatIsSaid(t *testing.T) {
	utf16le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(two)
	utf16be, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(two)
	latin := "to,name,order\n13900000001,Muñoz,A-1\n13900000002,Façade €,A-2\n"
	wantLatin := []string{"2 13900000001 Muñoz A-1", "3 13900000002 Façade € A-2"}
	for _, c := range []struct {
		name, text, encoding string
		want                 []string
	}{
		{"UTF-8", two, "auto", wantTwo},
		{"UTF-8 with a mark", "\ufeff" + two, "auto", wantTwo},
		{"UTF-8 with a mark, though another is said", "\ufeff" + two, "gb18030", wantTwo},
		{"UTF-16, little endian", utf16le, "auto", wantTwo},
		{"UTF-16, big endian", utf16be, "auto", wantTwo},
		{"UTF-16 without a mark", encoded(t, "utf-16le", two), "utf-16le", wantTwo},
		{"GB18030", encoded(t, "gb18030", two), "gb18030", wantTwo},
		{"GBK", encoded(t, "gbk", two), "GBK", wantTwo},
		{"Windows-1252", encoded(t, "windows-1252", latin), "windows-1252", wantLatin},
		{"Latin-1 is Windows-1252 for WHATWG", encoded(t, "windows-1252", latin), "iso-8859-1", wantLatin},
		{"Big5", encoded(t, "big5", strings.NewReplacer("张", "張").Replace(two)), "big5", []string{"2 13900000001 張三 A-1", wantTwo[1]}},
		{"CR alone", strings.ReplaceAll(two, "\n", "\r"), "auto", wantTwo},
		{"CR and LF", strings.ReplaceAll(two, "\n", "\r\n"), "auto", wantTwo},
		{"no line end at the end", strings.TrimSuffix(two, "\n"), "auto", wantTwo},
		{"semicolons", strings.ReplaceAll(two, ",", ";"), "auto", wantTwo},
		{"tabs", strings.ReplaceAll(two, ",", "\t"), "auto", wantTwo},
		{"a quoted header with semicolons", "\"to\";\"name\";\"order\"\n13900000001;\"张三\";A-1\n13900000002;李四;A-2\n", "auto", wantTwo},
		{"Excel's line of the separator", "sep=;\nto;name;order\n13900000001;张三;A-1\n", "auto", []string{"3 13900000001 张三 A-1"}},
		{"rows of empty cells, and surplus ones", "to,name,order,,\n,,,,\n13900000001,张三,A-1,,,\n , ,\n\n13900000002,李四,A-2\n", "auto", []string{"3 13900000001 张三 A-1", "6 13900000002 李四 A-2"}},
		{"headings in another case", "TO, Name ,ORDER\n13900000001,张三,A-1\n", "auto", wantTwo[:1]},
		{"a cell with a line end", "to,name,order\n13900000001,\"张\n三\",A-1\n13900000002,李四,A-2\n", "auto", []string{"2 13900000001 张\n三 A-1", "4 13900000002 李四 A-2"}},
		{"quotation marks in a cell", "to,name,order\n13900000001,\"a \"\"b\"\", c\",A-1\n", "auto", []string{`2 13900000001 a "b", c A-1`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := open(t, c.text, func(o *sheet.Options) { o.Encoding = c.encoding })
			if err != nil {
				t.Fatal(err)
			}
			if got, err := rows(t, s); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// What is not what it says is refused, and no cell of a person's is shown.
func TestOpen_refuses(t *testing.T) {
	chinese := strings.Repeat("13900000001,张三,A-1\n", 29)
	for _, c := range []struct {
		name, text, encoding string
		want                 []string
	}{
		{"Windows-1252", encoded(t, "windows-1252", "to,name,order\n13900000001,Muñoz,A-1\n"), "auto", []string{"line 2, byte 15", "Muñoz", "Mu駉z", "--encoding gb18030", "--encoding windows-1252"}},
		{"one byte in row 31 of UTF-8", "to,name,order\n" + chinese + "13900000001,Ren\xe9,A-1\n" + chinese, "auto", []string{"line 31, byte 16", "René"}},
		{"the same with a mark", "\ufeffto,name,order\n" + chinese + "13900000001,Ren\xe9,A-1\n" + chinese, "auto", []string{"line 31, byte 16", "René"}},
		{"GB18030", encoded(t, "gb18030", two), "auto", []string{"line 2, byte 13", "张三"}},
		{"GB18030 called UTF-8", encoded(t, "gb18030", two), "utf-8", []string{"line 2, byte 13"}},
		{"Shift JIS", encoded(t, "shift_jis", "to,name,order\n13900000001,山田,A-1\n"), "auto", []string{"line 2, byte 13"}},
		{"Windows-1251", encoded(t, "windows-1251", "to,name,order\n13900000001,Иван,A-1\n"), "auto", []string{"line 2, byte 13"}},
		{"Mac Roman", encoded(t, "macintosh", "to,name,order\n13900000001,Ré,A-1\n"), "auto", []string{"line 2, byte 14"}},
		{"a UTF-8 file that was cut", "to,name,order\n13900000001,张\xe4\xb8", "auto", []string{"line 2, byte 16"}},
		{"UTF-16 without a mark", encoded(t, "utf-16le", two), "auto", []string{"NUL"}},
		{"an xlsx file", "PK\x03\x04...", "auto", []string{"a spreadsheet, not a CSV file"}},
		{"an unknown encoding", two, "klingon", []string{"klingon", "WHATWG"}},
		{"WHATWG's name for what nobody may read", two, "iso-2022-kr", []string{"WHATWG"}},
		{"nothing", "", "auto", []string{"is empty"}},
		{"no header", "13900000001,张三,A-1\n13900000002,李四,A-2\n", "auto", []string{`no column "to"`, "--column to="}},
		{"no header, CR alone", "13900000001,张三,A-1\r13900000002,李四,A-2\r", "auto", []string{`no column "to"`}},
		{"a second column to", "to,name,order,To\n", "auto", []string{`"to" stands there twice`}},
		{"a second column of a variable", "to,name,order,NAME\n", "auto", []string{`"name" stands there twice`}},
		{"a header without a variable", "to,name,13900000001,张三\n", "auto", []string{`lacks the column "order"`, "number 3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(t, c.text, func(o *sheet.Options) { o.Encoding = c.encoding })
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "1390000") {
				t.Errorf("it shows a number: %v", err)
			}
		})
	}
	if _, err := open(t, two, func(o *sheet.Options) { o.Encoding = "klingon" }); !errors.Is(err, sheet.ErrEncoding) {
		t.Error(err)
	}
}

func TestOpen_headingsInOtherWords(t *testing.T) {
	s, err := open(t, "手机号,姓名,order,remark\n13900000001,张三,A-1,x\n", func(o *sheet.Options) {
		o.Headings = map[string]string{"to": "手机号", "name": "姓名"}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows(t, s); err != nil || !slices.Equal(got, wantTwo[:1]) || !slices.Equal(s.Passed, []string{`"remark"`}) {
		t.Errorf("%q, %v, %q", got, err, s.Passed)
	}
}

// People are never missing: every line that a quotation mark in a wrong place has
// swallowed is a row with an error.
func TestEach_straysOfQuotationMarks(t *testing.T) {
	person := func(i int) string { return fmt.Sprintf("1390000%04d,name %d,A-%d\n", i, i, i) }
	file := func(change map[int]string) string {
		var b strings.Builder
		b.WriteString("to,name,order\n")
		for i := 2; i <= 20; i++ {
			if line, ok := change[i]; ok {
				b.WriteString(line + "\n")
			} else {
				b.WriteString(person(i))
			}
		}
		return b.String()
	}
	for _, c := range []struct {
		name   string
		change map[int]string
		bad    []int // lines with an error
		stop   string
		text   string
	}{
		{"nothing", nil, nil, "", ""},
		{"one that opens", map[int]string{4: `13900000004,"Ann,A-4`}, nil, "line 4: a quotation mark opens a cell and is not closed", ""},
		{"one that opens the last row", map[int]string{20: `13900000020,"Ann,A-20`}, nil, "line 20: a quotation mark opens", ""},
		{"two that open", map[int]string{4: `13900000004,"Ann,A-4`, 8: `13900000008,"Bob,A-8`}, []int{4, 5, 6, 7, 8}, "", "text after the quotation mark"},
		{"one that opens, and one that closes", map[int]string{4: `13900000004,"Ann,A-4`, 8: `13900000008,Bob",A-8`}, []int{4, 5, 6, 7, 8}, "", "looks like whole rows"},
		{"two neighbours as one cell", map[int]string{4: `13900000004,"Ann,A-4`, 5: `13900000005,Bob",A-5`}, []int{4, 5}, "", "lines 4 to 5"},
		{"around the last cells", map[int]string{4: `13900000004,Ann,"A-4`, 7: `13900000007,Bob,A-7"`}, []int{4, 5, 6, 7}, "", "lines 4 to 7"},
		{"around the first cells", map[int]string{4: `"13900000004,Ann,A-4`, 5: `13900000005,Bob,A-5"`}, []int{4, 5}, "", "lines 4 to 5"},
		{"within a cell", map[int]string{4: `13900000004,5" screen,A-4`}, []int{4}, "", "within a cell"},
		{"after a quoted cell", map[int]string{4: `13900000004,"Ann" B,A-4`}, []int{4}, "", "text after the quotation mark"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := open(t, file(c.change))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[int]int{}
			var bad []int
			err = s.Each(func(r sheet.Row) bool {
				seen[r.Line]++
				if r.Err != nil {
					bad = append(bad, r.Line)
					if !strings.Contains(r.Err.Error(), c.text) {
						t.Errorf("line %d: no %q in: %v", r.Line, c.text, r.Err)
					}
				}
				return true
			})
			if c.stop != "" {
				if err == nil || !strings.Contains(err.Error(), c.stop) {
					t.Errorf("%v, want %s", err, c.stop)
				}
				return
			}
			if err != nil || !slices.Equal(bad, c.bad) {
				t.Errorf("%v, bad lines %v, want %v", err, bad, c.bad)
			}
			for line := 2; line <= 20; line++ {
				if seen[line] != 1 {
					t.Errorf("line %d was seen %d times", line, seen[line])
				}
			}
		})
	}
}

func TestEach_damagedValues(t *testing.T) {
	for value, bad := range map[string]bool{
		"2.02311E+17": true, "1.38E+10": true, "1,38E+10": true, "-1.5E-7": true, "2E+11": true,
		"#N/A": true, "#REF!": true, "#VALUE!": true, "########": true, "#NAME?": true, "#DIV/0!": true, "#NULL!": true, "#NUM!": true,
		"#SPILL!": true, "#NV": true, "#BEZUG!": true, "#WERT!": true, "#VALEUR!": true, "#¡VALOR!": true, "Err:502": true, " #N/A ": true, "###": true,
		"Mu\ufffdoz": true,
		"A-1":        false, "#1": false, "#1234": false, "##": false, "1E5": false, "E+10": false, "no. #REF": false, "N/A": false, "=1+1": false, "5%": false,
	} {
		for _, column := range []int{0, 1, 2} {
			cells := []string{"13900000001", "Ann", "A-1"}
			cells[column] = value
			s, err := open(t, "to,name,order\n"+strings.Join([]string{quote(cells[0]), quote(cells[1]), quote(cells[2])}, ",")+"\n")
			if err != nil {
				t.Fatal(err)
			}
			got := false
			if err := s.Each(func(r sheet.Row) bool { got = r.Err != nil; return true }); err != nil || got != bad {
				t.Errorf("%q in column %d: bad %v, %v, want %v", value, column, got, err, bad)
			}
		}
	}
}

func quote(cell string) string { return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"` }

// What is read does not change with the file.
func TestOpen_copies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(two)
	s, err := sheet.Open(path, sheet.Options{Names: []string{"name", "order"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write("to,name,order\n13911111111,evil,A-9\n" + two) // in its place
	if got, err := rows(t, s); err != nil || !slices.Equal(got, wantTwo) {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := rows(t, s); err != nil || !slices.Equal(got, wantTwo) {
		t.Errorf("%q, %v", got, err)
	}
	piped, err := sheet.Open("-", sheet.Options{Names: []string{"name", "order"}, Stdin: strings.NewReader(two)})
	if err != nil {
		t.Fatal(err)
	}
	defer piped.Close()
	if piped.Sum() != s.Sum() {
		t.Error("the same text has two sums")
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "notify-*"))
	for _, name := range left {
		if data, _ := os.ReadFile(name); bytes.Contains(data, []byte("13900000001")) {
			t.Errorf("the copy has the name %s (%v)", name, err)
		}
	}
}

// What encoding/csv reads without an error is read the same, and no line that holds
// something is missing.
func FuzzEach(f *testing.F) {
	f.Add("13900000001,张三,A-1\n13900000002,\"a,\nb\",A-2\n")
	f.Add("1,\"2,3\n4,5\",6\r\n,,\n\n\"")
	f.Add("a\rb\r\"c\"d,e,f\r")
	f.Fuzz(func(t *testing.T, body string) {
		if strings.ContainsAny(body, "\x00\r") {
			return
		}
		s, err := open(t, "to,name,order\n"+body)
		if err != nil {
			return
		}
		var got [][]string
		broken := false
		err = s.Each(func(r sheet.Row) bool {
			broken = broken || r.Err != nil
			got = append(got, []string{r.To, r.Values["name"], r.Values["order"]})
			return true
		})
		if err != nil || broken {
			return
		}
		c := csv.NewReader(strings.NewReader(body))
		c.FieldsPerRecord = -1
		all, err := c.ReadAll()
		if err != nil {
			t.Fatalf("%q is taken, and encoding/csv says %v", body, err)
		}
		var want [][]string
		for _, cells := range all {
			if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
				continue
			}
			want = append(want, []string{strings.TrimSpace(cells[0]), cells[1], cells[2]})
		}
		if len(got) > len(want) || len(want) > len(got)+len(all) {
			t.Fatalf("%q: %d rows, encoding/csv has %d", body, len(got), len(want))
		}
		if len(got) == len(want) && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q: %q, encoding/csv has %q", body, got, want)
		}
	})
}
