"""The push authorizer as it is commonly written for Lambda in Python: a REQUEST authorizer of API Gateway over boto3.

It does what the Rust one does for an event that names a package, and no more: reads key, holder and package in one strongly
consistent BatchGetItem, verifies the secret by HMAC-SHA256 under a pepper that KMS decrypts once, matches the scope, and
answers a policy. It makes no grant, and checks no organization: these authorizers are measured on a holder's own keys.
"""

import hashlib
import hmac
import logging
import os
import re
import time
import zlib

import boto3

logger = logging.getLogger()
logger.setLevel(logging.INFO)

TABLE = os.environ["TABLE_NAME"]
PEPPER_KEY = os.environ["PEPPER_KEY_ID"]
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY = re.compile(r"lk_([0-9A-Za-z]{22})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})")
ROUTES = {("DELETE", "/api/v2/package/{id}/{version}"): "unlist", ("POST", "/api/v2/package/{id}/{version}"): "unlist"}

dynamodb = boto3.client("dynamodb")
kms = boto3.client("kms")
peppers = {}


def number(digits):
    value = 0
    for digit in digits:
        value = value * 62 + DIGITS.index(digit)
    return value


def pepper(version):
    """The pepper of this version, decrypted by KMS the first time."""
    if version not in peppers:
        place = {"pk": {"S": "pepper"}, "sk": {"S": f"{int(version):010}"}}
        item = dynamodb.get_item(TableName=TABLE, Key=place, ConsistentRead=True)["Item"]
        answer = kms.decrypt(
            KeyId=PEPPER_KEY,
            CiphertextBlob=item["ciphertext"]["B"],
            EncryptionContext={"purpose": "latchkey pepper", "version": version},
        )
        peppers[version] = answer["Plaintext"]
    return peppers[version]


def read(places):
    asked = {TABLE: {"Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in places], "ConsistentRead": True}}
    found = {}
    while asked:
        answer = dynamodb.batch_get_item(RequestItems=asked)
        for item in answer["Responses"].get(TABLE, []):
            found[item["pk"]["S"], item["sk"]["S"]] = item
        asked = answer.get("UnprocessedKeys")
    return [found.get(place) for place in places]


def covers(pattern, package):
    glob = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(glob, package, re.IGNORECASE) is not None


def decide(text, action, package):
    """The key, and why it may not; nothing where it may."""
    shape = KEY.fullmatch(text)
    if not shape or number(shape[2]) != zlib.crc32(text[:-6].encode()):
        return None, "unknown"
    key_id = number(shape[1]).to_bytes(16, "big").hex()
    tag = key_id[:20]
    places = [
        (f"account#{tag}", f"key#{key_id[20:]}"),
        (f"account#{tag}", "account"),
        (f"package#{package.lower()}", "package"),
    ]
    key, holder, entry = read(places)
    if key is None:
        return None, "unknown"
    mac = hmac.new(pepper(key["pepper"]["N"]), text.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(mac, key["mac"]["B"]):
        return None, "unknown"
    if "revoked_at" in key:
        return key, "revoked"
    if int(key["expires_at"]["N"]) <= time.time():
        return key, "expired"
    if holder["locked"]["BOOL"]:
        return key, "account_locked"
    if action not in (each["S"] for each in key["actions"]["L"]):
        return key, "action_not_granted"
    if not any(covers(pattern["S"], package) for pattern in key["packages"]["L"]):
        return key, "package_not_covered"
    if entry is None:
        return key, "package_unknown"
    if key["owner"]["S"] not in (owner["S"] for owner in entry["owners"]["L"]):
        return key, "not_package_owner"
    return key, None


def handler(event, _context):
    action = ROUTES[event["httpMethod"], event["resource"]]
    headers = {name.lower(): value for name, value in event["headers"].items()}
    text = headers.get("x-nuget-apikey", "")
    if not text:
        raise Exception("Unauthorized")
    package = event["pathParameters"]["id"]
    key, reason = decide(text, action, package)
    context = {"action": action}
    if key:
        context |= {"key_id": key["id"]["S"], "holder": key["holder"]["S"], "owner": key["owner"]["S"]}
    if reason:
        context["reason"] = reason
    logger.info("action=%s package=%s reason=%s", action, package, reason)
    return {
        "principalId": context.get("key_id", "unknown"),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny" if reason else "Allow",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": context,
    }
