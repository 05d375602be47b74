package tencent

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// created is when everything in the sandbox was created: Unix seconds.
const created = 1717380154

// A listRequest is what the lists of templates and of signatures have in common.
type listRequest struct {
	International *int
	Limit, Offset int
}

type templateListRequest struct {
	listRequest
	TemplateIdSet []uint64
}

type signListRequest struct {
	listRequest
	SignIdSet []uint64
}

// reviewReply is why a review has refused something.
func (r Review) reviewReply() string {
	if r == Rejected {
		return "内容不符合规范"
	}
	return ""
}

// readList returns what refuses a list, and its page.
func (v *vendor) readList(r listRequest, ids []uint64) (first, size int, f *failure) {
	switch {
	case v.options.Individual:
		return 0, 0, &failure{"FailedOperation.NotEnterpriseCertification", wordsOf("FailedOperation.NotEnterpriseCertification")}
	case r.International == nil:
		return 0, 0, &failure{"MissingParameter", "The request is missing the required parameter `International`."}
	case *r.International != 0 && *r.International != 1:
		return 0, 0, &failure{"InvalidParameterValue.InvalidInternational", "International must be 0 or 1"}
	case len(ids) > 100 || r.Limit < 0 || r.Limit > 100:
		return 0, 0, &failure{"InvalidParameterValue.LimitVerifyFail", "at most 100 are listed"}
	case r.Offset < 0:
		return 0, 0, &failure{"InvalidParameterValue.OffsetVerifyFail", "Offset must not be negative"}
	}
	if len(ids) > 0 {
		return 0, len(ids), nil
	}
	return r.Offset, cmp.Or(r.Limit, 10), nil
}

func pageOf[T any](all []T, first, size int) []T {
	first = min(first, len(all))
	return all[first:min(first+size, len(all))]
}

func (v *vendor) describeTemplates(c *call, _ kernel.Order) (map[string]any, *failure) {
	r := c.params.(*templateListRequest)
	first, size, f := v.readList(r.listRequest, r.TemplateIdSet)
	if f != nil {
		return nil, f
	}
	type row struct {
		TemplateId                                 uint64
		International, StatusCode                  int
		ReviewReply, TemplateName, TemplateContent string
		CreateTime                                 int64
	}
	found := []row{}
	for _, id := range slices.Sorted(maps.Keys(v.templates)) {
		t := v.templates[id]
		number, _ := strconv.ParseUint(id, 10, 64) // digits: Validate
		international := 0
		if t.Kind == sms.International {
			international = 1
		}
		if international != *r.International || len(r.TemplateIdSet) > 0 && !slices.Contains(r.TemplateIdSet, number) {
			continue
		}
		found = append(found, row{number, international, int(t.Review), t.Review.reviewReply(), cmp.Or(t.Name, t.ID), t.Text, created})
	}
	return map[string]any{"DescribeTemplateStatusSet": pageOf(found, first, size)}, nil
}

func (v *vendor) describeSignatures(c *call, _ kernel.Order) (map[string]any, *failure) {
	r := c.params.(*signListRequest)
	first, size, f := v.readList(r.listRequest, r.SignIdSet)
	if f != nil {
		return nil, f
	}
	type row struct {
		SignId                    uint64
		International, StatusCode int
		ReviewReply, SignName     string
		CreateTime                int64
		QualificationId           uint64
		QualificationName         string
		QualificationStatusCode   int
	}
	found := []row{}
	for i, s := range v.signatures {
		id := uint64(firstSign + i)
		international := 0
		if s.International {
			international = 1
		}
		if international != *r.International || len(r.SignIdSet) > 0 && !slices.Contains(r.SignIdSet, id) {
			continue
		}
		found = append(found, row{SignId: id, International: international, StatusCode: int(s.Review), ReviewReply: s.Review.reviewReply(), SignName: s.Name, CreateTime: created})
	}
	return map[string]any{"DescribeSignListStatusSet": pageOf(found, first, size)}, nil
}
