package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// defaultCredentials looks for credentials as AWS's own tools do: in the environment,
// in the files of the profile, and at the machine's or the container's role.
func defaultCredentials(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	c, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, err
	}
	return c.Credentials, nil
}
