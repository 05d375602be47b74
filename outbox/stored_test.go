package outbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

var golden = flag.Bool("golden", false, "write the stored form of the present version anew: after a new version, never to make a test pass")

// secrets are keys as Options.Keys takes them; fixed, for what was sealed once has
// to be opened always.
func secret(i byte) []byte { return bytes.Repeat([]byte{1, 2, 3, i}, 8) }

var example = stored{
	Message: sms.Message{To: "+8613800000000", Template: "order-shipped", Params: sms.Params{"name": "张三\n\"${x}\"", "order": "A-1024"},
		Kind: sms.Notification, From: "acme", Key: "order-1024", Expires: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), Tags: map[string]string{"shop": "1"}},
	Kind: sms.Notification,
	Due:  time.Date(2027, 1, 2, 3, 0, 0, 0, time.UTC),
}

// What any version has written is read by every later one.
func TestStored_goldenFiles(t *testing.T) {
	for name, keys := range map[string]*keys{"plain": newKeys(nil, nil, false), "sealed": newKeys([][]byte{secret(1)}, nil, false)} {
		if *golden {
			data, err := keys.encode(example)
			if err != nil {
				t.Fatal(err)
			}
			text := base64.StdEncoding.EncodeToString(data) + "\n"
			if err := os.WriteFile(filepath.Join("testdata", "stored-1-"+name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob("testdata/stored-*")
	if err != nil || len(files) < 2*storedVersion {
		t.Fatalf("%v, %v: two for each version", files, err)
	}
	opening := newKeys([][]byte{secret(2)}, [][]byte{secret(1)}, false) // rotated since
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := opening.decode(data, example.Message.Key)
		if err != nil || !reflect.DeepEqual(got, example) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", file, err, got, example)
		}
	}
}

// Whatever lies there is an error, not a panic, and shows nothing of a message.
func FuzzStored(f *testing.F) {
	for _, k := range []*keys{newKeys(nil, nil, false), newKeys([][]byte{secret(1)}, nil, false)} {
		data, err := k.encode(example)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(data[storedHead:])
	}
	opening := newKeys([][]byte{secret(1)}, nil, false)
	f.Fuzz(func(t *testing.T, data []byte) {
		if read, ok := readStored(data, example.Message.Key); ok {
			var want stored
			if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(read, want) {
				t.Errorf("read %+v, encoding/json %+v, %v", read, want, err)
			}
		}
		s, err := opening.decode(data, example.Message.Key)
		if err == nil && s.Message.Key != example.Message.Key {
			t.Errorf("it is another message: %q", s.Message.Key)
		}
		if err != nil && strings.Contains(err.Error(), "A-1024") {
			t.Errorf("it shows a value: %v", err)
		}
	})
}
