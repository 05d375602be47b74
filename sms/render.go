package sms

import "fmt"

// Render gives the text of m for a provider: the binding's text, else the
// template's, with the values of m put in and without a signature; of a message
// with a Body the Body. It looks for missing values only; the rest is Check's.
func (r *Registry) Render(m Message, provider string) (string, error) {
	if m.Template == "" {
		return m.Body, nil
	}
	e := r.find(m.Template)
	if e == nil {
		return "", r.notFound(m.Template)
	}
	for i := range e.variables {
		v := &e.variables[i]
		if _, ok := m.Params[v.name]; !ok && !v.Optional {
			return "", Refuse(Message{Key: m.Key, Kind: e.kind()}, InvalidMessage,
				fmt.Errorf("template %q: a value for %q is missing", m.Template, v.name))
		}
	}
	if own, ok := e.bindings[provider]; ok {
		return own.render(m.Params), nil
	}
	return e.text.render(m.Params), nil
}
