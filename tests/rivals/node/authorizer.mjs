// The push authorizer as it is commonly written for Lambda in Node: a REQUEST authorizer of API Gateway over the AWS
// SDK v3. It does what python/authorizer.py does, which says what that is.

import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";

const TABLE = process.env.TABLE_NAME;
const PEPPER_KEY = process.env.PEPPER_KEY_ID;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const KEY = /^lk_([0-9A-Za-z]{22})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})$/;
const ROUTES = {
  "DELETE /api/v2/package/{id}/{version}": "unlist",
  "POST /api/v2/package/{id}/{version}": "unlist",
};

const dynamodb = new DynamoDBClient({});
const kms = new KMSClient({});
const peppers = new Map();

function number(digits) {
  let value = 0n;
  for (const digit of digits) value = value * 62n + BigInt(DIGITS.indexOf(digit));
  return value;
}

// The pepper of this version, decrypted by KMS the first time.
async function pepper(version) {
  if (!peppers.has(version)) {
    const place = { pk: { S: "pepper" }, sk: { S: version.padStart(10, "0") } };
    const found = await dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: place, ConsistentRead: true }));
    const answer = await kms.send(
      new DecryptCommand({
        KeyId: PEPPER_KEY,
        CiphertextBlob: found.Item.ciphertext.B,
        EncryptionContext: { purpose: "latchkey pepper", version },
      }),
    );
    peppers.set(version, answer.Plaintext);
  }
  return peppers.get(version);
}

async function read(places) {
  let asked = { [TABLE]: { Keys: places.map(([pk, sk]) => ({ pk: { S: pk }, sk: { S: sk } })), ConsistentRead: true } };
  const found = new Map();
  while (asked && Object.keys(asked).length > 0) {
    const answer = await dynamodb.send(new BatchGetItemCommand({ RequestItems: asked }));
    for (const item of answer.Responses[TABLE] ?? []) found.set(`${item.pk.S} ${item.sk.S}`, item);
    asked = answer.UnprocessedKeys;
  }
  return places.map(([pk, sk]) => found.get(`${pk} ${sk}`));
}

function covers(pattern, packageId) {
  const glob = pattern.replace(/[.*]/g, (special) => (special === "*" ? ".*" : "\\."));
  return new RegExp(`^${glob}$`, "i").test(packageId);
}

// The key, and why it may not; nothing where it may.
async function decide(text, action, packageId) {
  const shape = KEY.exec(text);
  if (!shape || number(shape[2]) !== BigInt(crc32(text.slice(0, -6)))) return [null, "unknown"];
  const keyId = number(shape[1]).toString(16).padStart(32, "0");
  const account = `account#${keyId.slice(0, 20)}`;
  const [key, holder, entry] = await read([
    [account, `key#${keyId.slice(20)}`],
    [account, "account"],
    [`package#${packageId.toLowerCase()}`, "package"],
  ]);
  if (!key) return [null, "unknown"];
  const mac = createHmac("sha256", await pepper(key.pepper.N)).update(text).digest();
  if (!timingSafeEqual(mac, key.mac.B)) return [null, "unknown"];
  if (key.revoked_at) return [key, "revoked"];
  if (Number(key.expires_at.N) <= Date.now() / 1000) return [key, "expired"];
  if (holder.locked.BOOL) return [key, "account_locked"];
  if (!key.actions.L.some((each) => each.S === action)) return [key, "action_not_granted"];
  if (!key.packages.L.some((pattern) => covers(pattern.S, packageId))) return [key, "package_not_covered"];
  if (!entry) return [key, "package_unknown"];
  if (!entry.owners.L.some((owner) => owner.S === key.owner.S)) return [key, "not_package_owner"];
  return [key, null];
}

export async function handler(event) {
  const action = ROUTES[`${event.httpMethod} ${event.resource}`];
  const header = Object.entries(event.headers).find(([name]) => name.toLowerCase() === "x-nuget-apikey");
  if (!header?.[1]) throw new Error("Unauthorized");
  const packageId = event.pathParameters.id;
  const [key, reason] = await decide(header[1], action, packageId);
  const context = { action };
  if (key) Object.assign(context, { key_id: key.id.S, holder: key.holder.S, owner: key.owner.S });
  if (reason) context.reason = reason;
  console.info(JSON.stringify({ action, package: packageId, reason }));
  return {
    principalId: context.key_id ?? "unknown",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: reason ? "Deny" : "Allow", Resource: event.methodArn }],
    },
    context,
  };
}
