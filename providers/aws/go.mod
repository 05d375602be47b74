module github.com/notifykit/notify/providers/aws

go 1.26.0

replace github.com/notifykit/notify => ../..

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/notifykit/notify v0.0.0
)

require (
	github.com/aws/smithy-go v1.28.9 // indirect
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	golang.org/x/text v0.23.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)
