package aliyun

import (
	"net/netip"
	"net/url"
	"strings"
)

// The sandbox's well-known key. It opens nothing, so it may go over plain HTTP.
const (
	sandboxKeyID     = "sandbox-key-id"
	sandboxKeySecret = "sandbox-key-secret"
)

// hostOf gives the host of a region, as the SDK's own table resolves it
// (services/dysmsapi/endpoint.go of v1.63.107), with one exception: for
// cn-beijing that table has dysmsapi-proxy.cn-beijing, which times out from
// outside the vendor's network (the SDK's issues 492 and 494).
//
// The table is written out because the SDK makes its own on first use, without a
// lock, in a variable that anyone can change.
func hostOf(region string) string {
	switch region {
	case "cn-hongkong":
		return "dysmsapi-xman.cn-hongkong.aliyuncs.com"
	case "ap-southeast-1", "ap-southeast-5", "eu-central-1", "us-east-1":
		return "dysmsapi." + region + ".aliyuncs.com"
	}
	return "dysmsapi.aliyuncs.com"
}

// endpoint gives the address of calls, whose path is a bare "/".
func (f *faults) endpoint(o Options) string {
	if o.Endpoint == "" {
		return "https://" + hostOf(o.Region) + "/"
	}
	u, err := url.Parse(o.Endpoint)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		f.add("endpoint", "it is not \"https://\" and a host, such as https://%s", hostOf(DefaultRegion)) // not shown: it may hold a password
		return ""
	case u.User != nil:
		f.add("endpoint", "it holds a user name: the vendor knows the caller by the access key")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		f.add("endpoint", "it has more than a host: the vendor's calls go to the path \"/\" without a query")
	case u.Scheme == "http" && !o.AllowPlainHTTP && !isLoopback(u.Hostname()) && !o.hasSandboxKey():
		f.add("endpoint", "plain http to host %q would show numbers, codes and signed calls to everybody on the way: write https://, or set allow_plain_http", u.Hostname())
	}
	return u.Scheme + "://" + u.Host + "/"
}

func (o Options) hasSandboxKey() bool {
	return o.Credentials == nil && o.AccessKeyID == sandboxKeyID && o.AccessKeySecret == sandboxKeySecret
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
