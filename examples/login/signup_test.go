package main

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// signUp is the form of docs/verify.md.
func signUp(db *sql.DB, v *verify.Verifier) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		language := r.Header.Get("Accept-Language")
		number, err := sms.ParseFormNumber(r.FormValue("mobile"), "CN")
		if err != nil {
			http.Error(w, verify.Text(err, language), http.StatusBadRequest)
			return
		}
		tx, err := db.BeginTx(r.Context(), nil)
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		defer tx.Rollback()
		if err := insertUser(r.Context(), tx, number, r.FormValue("name")); err != nil {
			http.Error(w, "this name is taken", http.StatusConflict) // the proof is still good
			return
		}
		proof := verify.Proof{To: number, Purpose: "sign-up", Token: r.FormValue("proof")}
		if err := v.Redeem(r.Context(), proof); err != nil {
			http.Error(w, verify.Text(err, language), http.StatusBadRequest)
			return
		}
		if err := tx.Commit(); err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
		}
	}
}

func insertUser(ctx context.Context, tx *sql.Tx, number sms.Number, name string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO users (number, name) VALUES (?, ?)", number.E164(), name)
	return err
}

// A name that is taken costs no second message: the form is sent again with the
// same proof. A proof makes one user, and another's number none.
func TestSignUp(t *testing.T) {
	db, err := sql.Open("sqlite", t.TempDir()+"/users")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE users (number TEXT UNIQUE, name TEXT UNIQUE); INSERT INTO users VALUES ('+8613900000000', 'alice')"); err != nil {
		t.Fatal(err)
	}
	templates, err := sms.NewRegistry(sms.Template{Name: "sign-up", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := fake.New(fake.Options{Templates: templates})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.New(verify.Options{Sender: vendor, Store: verify.NewMemoryStore(), Key: []byte("0123456789abcdefghijklmnopqrstuv"), Template: "sign-up"})
	if err != nil {
		t.Fatal(err)
	}
	const to = sms.Number("+8613800000000")
	if _, err := v.Start(t.Context(), verify.Request{To: to, Purpose: "sign-up"}); err != nil {
		t.Fatal(err)
	}
	proof, err := v.Prove(t.Context(), verify.Attempt{To: to, Purpose: "sign-up", Code: vendor.Code(to)})
	if err != nil {
		t.Fatal(err)
	}
	page := signUp(db, v)
	for _, step := range []struct {
		mobile, name string
		want         int
	}{
		{"138 0000 0001", "mallory", http.StatusBadRequest}, // another's number
		{"138", "bob", http.StatusBadRequest},
		{"138 0000 0000", "alice", http.StatusConflict},
		{"138 0000 0000", "bob", http.StatusOK},
		{"138 0000 0000", "bob2", http.StatusConflict}, // the number is unique
	} {
		form := url.Values{"mobile": {step.mobile}, "name": {step.name}, "proof": {proof.Token}}
		r := httptest.NewRequest("POST", "/sign-up", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		page(w, r)
		if w.Code != step.want {
			t.Errorf("%s as %s: %d %s, want %d", step.mobile, step.name, w.Code, w.Body, step.want)
		}
	}
	var users int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&users); err != nil || users != 2 {
		t.Errorf("%d users, %v: want alice and bob", users, err)
	}
	if len(vendor.Sent()) != 1 {
		t.Errorf("%d messages, want one", len(vendor.Sent()))
	}
	if err := v.Redeem(t.Context(), proof); err == nil {
		t.Error("the proof is good for a second user")
	}
}
