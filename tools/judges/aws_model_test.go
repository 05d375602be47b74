package judges

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"

	"github.com/notifykit/notify/providers/aws"
)

// The provider's table has no reason and no event that the vendor's model lacks, every
// reason of a denied access, and every event by which a text is not delivered.
func TestAWSModel(t *testing.T) {
	modelled, known := map[string]bool{}, map[string]bool{}
	mark(modelled, types.ConflictExceptionReason("").Values())
	mark(modelled, types.ServiceQuotaExceededExceptionReason("").Values())
	mark(modelled, types.ValidationExceptionReason("").Values())
	denied, events := types.AccessDeniedExceptionReason("").Values(), types.EventType("").Values()
	mark(modelled, denied)
	mark(modelled, events)
	for _, row := range aws.Codes() {
		known[row.Code] = true
		if strings.ToUpper(row.Code) == row.Code && !modelled[row.Code] {
			t.Errorf("the table has %s, which the vendor's model lacks", row.Code)
		}
	}
	for _, reason := range denied {
		if !known[string(reason)] {
			t.Errorf("the table lacks %s", reason)
		}
	}
	onTheWay := map[types.EventType]bool{
		types.EventTypeTextAll: true, types.EventTypeTextQueued: true, types.EventTypeTextPending: true, types.EventTypeTextSent: true,
		types.EventTypeTextSuccessful: true, types.EventTypeTextDelivered: true,
	}
	for _, e := range events {
		if strings.HasPrefix(string(e), "TEXT_") && !onTheWay[e] && !known[string(e)] {
			t.Errorf("the table lacks %s", e)
		}
	}
}

func mark[T ~string](set map[string]bool, values []T) {
	for _, v := range values {
		set[string(v)] = true
	}
}
