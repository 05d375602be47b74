package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// The routers of docs/verify.md.
func TestRecipes(t *testing.T) {
	gin.SetMode(gin.TestMode)
	for name, mount := range map[string]func(h http.Handler) http.Handler{
		"net/http": func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", http.StripPrefix("/api", h))
			return mux
		},
		"Gin": func(h http.Handler) http.Handler {
			r := gin.New()
			r.Any("/codes", gin.WrapH(h))
			r.Any("/codes/*rest", gin.WrapH(h))
			return r
		},
		"Echo": func(h http.Handler) http.Handler {
			e := echo.New()
			e.Any("/codes", echo.WrapHandler(h))
			e.Any("/codes/*", echo.WrapHandler(h))
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			templates, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
			if err != nil {
				t.Fatal(err)
			}
			f, err := fake.New(fake.Options{Templates: templates})
			if err != nil {
				t.Fatal(err)
			}
			v, err := verify.New(verify.Options{Sender: f, Store: verify.NewMemoryStore(), Key: []byte("0123456789abcdefghijklmnopqrstuv"), Template: "login-code"})
			if err != nil {
				t.Fatal(err)
			}
			router, prefix := mount(verify.Handler(v, verify.HTTPOptions{Region: "CN"})), ""
			if name == "net/http" {
				prefix = "/api"
			}
			post := func(path, body string) *httptest.ResponseRecorder {
				r := httptest.NewRequest("POST", prefix+path, strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				router.ServeHTTP(w, r)
				return w
			}
			if w := post("/codes/", `{"mobile":"138 0000 0000"}`); w.Code != http.StatusCreated {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if w := post("/codes/check", `{"mobile":"138 0000 0000","code":"`+f.Code("+8613800000000")+`"}`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"verified":true`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}
