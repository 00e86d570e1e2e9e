// Settings as one would write them in Go. The loop at the end is what Lambda's Go library runs: ask for an event, hand back
// the answer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type event struct {
	RequestContext struct {
		Authorizer struct {
			JWT struct {
				Claims map[string]string `json:"claims"`
			} `json:"jwt"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

type item struct {
	Method      *string `dynamodbav:"method" json:"method"`
	SecretKey   *string `dynamodbav:"secret" json:"secret_key"`
	PhonePrefix *int    `dynamodbav:"phone_prefix" json:"phone_prefix"`
	Phone       *int    `dynamodbav:"phone" json:"phone"`
	Verified    bool    `dynamodbav:"verified" json:"verified"`
}

func settings(ctx context.Context, client *dynamodb.Client, e event) (*answer, error) {
	key := "USER#" + e.RequestContext.Authorizer.JWT.Claims["sub"]
	found, err := client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(os.Getenv("TABLE_NAME")),
		Key:            map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key}},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	var data item
	if err := attributevalue.UnmarshalMap(found.Item, &data); err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]item{"data": data})
	headers := map[string]string{"content-type": "application/json", "cache-control": "no-store"}
	return &answer{StatusCode: 200, Headers: headers, Body: string(body)}, err
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// Newer versions of the SDK read this variable themselves.
	endpoint := dynamodb.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"))
	client := dynamodb.NewFromConfig(cfg, dynamodb.WithEndpointResolver(endpoint))

	api := fmt.Sprintf("http://%s/2018-06-01/runtime/invocation/", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			log.Fatal(err)
		}
		var e event
		err = json.NewDecoder(next.Body).Decode(&e)
		next.Body.Close()
		if err != nil {
			log.Fatal(err)
		}
		a, err := settings(ctx, client, e)
		if err != nil {
			log.Fatal(err)
		}
		body, _ := json.Marshal(a)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		done, err := http.Post(api+id+"/response", "application/json", bytes.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		done.Body.Close()
	}
}
