package kernel

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Webhooks are the addresses that an account sets in its vendor's console. Empty
// is none. A vendor that takes an address with each message prefers that one.
type Webhooks struct {
	Reports string `json:"reports,omitempty"`
	Replies string `json:"replies,omitempty"`
}

// SetWebhooks replaces the addresses of all vendors by these. If one of them is
// wrong, the error names each that is, and what was set before stays. The hosts
// must be loopback ones or among CallbackHosts.
func (s *Sandbox) SetWebhooks(byVendor map[string]Webhooks) error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(byVendor)) {
		d, ok := s.vendor(name)
		if !ok {
			wrong = append(wrong, fmt.Errorf("sandbox: webhooks: there is no vendor %q here", name))
			continue
		}
		for _, a := range []struct {
			key, url string
			can      bool
		}{{"reports", byVendor[name].Reports, d.vendor.Report != nil}, {"replies", byVendor[name].Replies, d.vendor.Reply != nil}} {
			if a.url == "" {
				continue
			}
			if err := s.reports.allowedURL(a.url); err != nil {
				wrong = append(wrong, fmt.Errorf("sandbox: webhooks: %s.%s: %w", name, a.key, err))
			}
			if !a.can {
				wrong = append(wrong, fmt.Errorf("sandbox: webhooks: %s.%s: the sandbox sends none for this vendor", name, a.key))
			}
		}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	byVendor = maps.Clone(byVendor)
	s.webhooks.Store(&byVendor)
	return nil
}

// Webhooks returns the addresses that are set.
func (s *Sandbox) Webhooks() map[string]Webhooks {
	if set := s.webhooks.Load(); set != nil && *set != nil {
		return maps.Clone(*set)
	}
	return map[string]Webhooks{}
}

// webhook returns the addresses of one vendor.
func (s *Sandbox) webhook(name string) Webhooks {
	if set := s.webhooks.Load(); set != nil {
		return (*set)[name]
	}
	return Webhooks{}
}

// serveWebhooks shows, replaces or removes the addresses.
func (s *Sandbox) serveWebhooks(w http.ResponseWriter, r *http.Request) {
	var set map[string]Webhooks
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut, http.MethodDelete:
		if r.Method == http.MethodPut && !s.readJSON(w, r, "webhooks", &set) {
			return
		}
		if err := s.SetWebhooks(set); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		notAllowed(w, "GET, PUT, DELETE")
		return
	}
	JSON(http.StatusOK, "application/json", s.Webhooks()).write(w)
}
