package outbox

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// What is written is what encoding/json writes, for values that fill every field in
// turn: a field that is added to one of these types and not to the writer is found.
func TestCompact_isEncodingJSON(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var s stored
		random(r, reflect.ValueOf(&s).Elem())
		want, failed := json.Marshal(s)
		got, err := s.write(nil)
		if failed != nil || err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, %v\ngot  %s\nwant %s", failed, err, got, want)
		}
		var back stored
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		if read, ok := readStored(got, s.Message.Key); ok && !reflect.DeepEqual(read, back) {
			t.Fatalf("read %+v, encoding/json %+v", read, back)
		}
		var h story
		random(r, reflect.ValueOf(&h).Elem())
		h.First, h.Since = time.Time{}, time.Time{} // they are not written
		want, failed = json.Marshal(h)
		got, err = h.encode()
		if failed != nil || err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, %v\ngot  %s\nwant %s", failed, err, got, want)
		}
	}
}

// What has no escapes is read without encoding/json.
func TestCompact_readsWhatIsPlain(t *testing.T) {
	s := example
	s.Message.Params = sms.Params{"name": "张三", "order": "A-1024"}
	lasts := -time.Second
	s.Lasts = &lasts
	text, err := s.write(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := readStored(text, s.Message.Key)
	if !ok || !reflect.DeepEqual(got, s) {
		t.Errorf("%v: got %+v, want %+v", ok, got, s)
	}
}

// random fills v: each field is empty half the time.
func random(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()))
		return
	case sms.Kind:
		v.SetInt(r.Int64N(5))
		return
	case sms.Outcome:
		v.SetInt(r.Int64N(3))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && r.IntN(2) == 0 {
				random(r, v.Field(i))
			}
		}
	case reflect.String:
		texts := []string{"", "a", "订单", "é\u2028", "<&>", "\"\\\n\x00\x7f", "\xff", "A-1024"}
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64() - 1<<62)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		random(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			random(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			random(r, key)
			random(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Interface: // Attempt.Err: not written
	}
}
