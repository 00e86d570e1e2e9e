// Settings, verify and QR as one would write them in JavaScript. `node handler.mjs REQUEST` serves one of the three.

import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { authenticator } from "otplib";
import QRCode from "qrcode";

import { serve } from "./runtime.mjs";

const TableName = process.env.TABLE_NAME;
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
authenticator.options = { window: 1 };

const claims = (event) => event.requestContext.authorizer.jwt.claims;
const key = (event) => ({ pk: `USER#${claims(event).sub}` });

function answer(statusCode, data) {
  const headers = { "cache-control": "no-store" };
  if (data === undefined) return { statusCode, headers };
  headers["content-type"] = "application/json";
  return { statusCode, headers, body: JSON.stringify({ data }) };
}

async function settings(event) {
  const { Item = {} } = await client.send(new GetCommand({ TableName, Key: key(event), ConsistentRead: true }));
  return answer(200, {
    method: Item.method ?? null,
    secret_key: Item.secret ?? null,
    phone_prefix: Item.phone_prefix ?? null,
    phone: Item.phone ?? null,
    verified: Item.verified ?? false,
  });
}

async function verify(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  const { key: code } = JSON.parse(text);
  const now = Math.floor(Date.now() / 1000);
  try {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName,
        Key: key(event),
        UpdateExpression: "SET failures = if_not_exists(failures, :zero) + :one, last_attempt = :now",
        ConditionExpression: "attribute_exists(#method) AND (attribute_not_exists(failures) OR failures < :limit)",
        ExpressionAttributeNames: { "#method": "method" },
        ExpressionAttributeValues: { ":zero": 0, ":one": 1, ":now": now, ":limit": 5 },
        ReturnValues: "ALL_OLD",
      }),
    );
    if (!authenticator.check(code, Attributes.secret)) return answer(422);
    await client.send(
      new UpdateCommand({
        TableName,
        Key: key(event),
        UpdateExpression: "SET verified = :true, last_step = :step REMOVE failures, last_attempt",
        ConditionExpression: "enrolment = :enrolment AND (attribute_not_exists(last_step) OR last_step < :step)",
        ExpressionAttributeValues: { ":true": true, ":step": Math.floor(now / 30), ":enrolment": Attributes.enrolment },
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return answer(429);
    throw error;
  }
  return answer(204);
}

async function qr(event) {
  const { Item } = await client.send(new GetCommand({ TableName, Key: key(event), ConsistentRead: true }));
  const uri = authenticator.keyuri(claims(event).email, process.env.ISSUER, Item.secret);
  return answer(200, { qr_image: await QRCode.toDataURL(uri) });
}

await serve({ "get-settings": settings, verify, "qr-code": qr }[process.argv[2]]);
