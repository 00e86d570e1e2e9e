"""Settings, verify and QR as one would write them in Python. `python handler.py REQUEST` serves one of the three."""

import base64
import io
import json
import os
import sys
import time

import boto3
import pyotp
import qrcode
from botocore.exceptions import ClientError

import runtime

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def claims(event):
    return event["requestContext"]["authorizer"]["jwt"]["claims"]


def key(event):
    return {"pk": f"USER#{claims(event)['sub']}"}


def answer(status, data=None):
    headers = {"cache-control": "no-store"}
    if data is None:
        return {"statusCode": status, "headers": headers}
    headers["content-type"] = "application/json"
    return {"statusCode": status, "headers": headers, "body": json.dumps({"data": data})}


def settings(event):
    item = table.get_item(Key=key(event), ConsistentRead=True).get("Item", {})
    names = {"method": "method", "secret_key": "secret", "phone_prefix": "phone_prefix", "phone": "phone"}
    data = {name: item.get(attribute) for name, attribute in names.items()}
    return answer(200, data | {"verified": item.get("verified", False)})


def verify(event):
    body = event["body"]
    if event["isBase64Encoded"]:
        body = base64.b64decode(body)
    code = json.loads(body)["key"]
    now = int(time.time())
    try:
        item = table.update_item(
            Key=key(event),
            UpdateExpression="SET failures = if_not_exists(failures, :zero) + :one, last_attempt = :now",
            ConditionExpression="attribute_exists(#method) AND (attribute_not_exists(failures) OR failures < :limit)",
            ExpressionAttributeNames={"#method": "method"},
            ExpressionAttributeValues={":zero": 0, ":one": 1, ":now": now, ":limit": 5},
            ReturnValues="ALL_OLD",
        )["Attributes"]
        if not pyotp.TOTP(item["secret"]).verify(code, valid_window=1):
            return answer(422)
        table.update_item(
            Key=key(event),
            UpdateExpression="SET verified = :true, last_step = :step REMOVE failures, last_attempt",
            ConditionExpression="enrolment = :enrolment AND (attribute_not_exists(last_step) OR last_step < :step)",
            ExpressionAttributeValues={":true": True, ":step": now // 30, ":enrolment": item["enrolment"]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return answer(429)
        raise
    return answer(204)


def qr(event):
    item = table.get_item(Key=key(event), ConsistentRead=True)["Item"]
    uri = pyotp.TOTP(item["secret"]).provisioning_uri(name=claims(event)["email"], issuer_name=os.environ["ISSUER"])
    png = io.BytesIO()
    qrcode.make(uri).save(png, format="PNG")
    return answer(200, {"qr_image": "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()})


if __name__ == "__main__":
    runtime.serve({"get-settings": settings, "verify": verify, "qr-code": qr}[sys.argv[1]])
