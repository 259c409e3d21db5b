// Polls the Lambda Runtime API for `authorizer.handler`, with the least that this takes: AWS's own runtime does more.

import http from "node:http";
import { handler } from "./authorizer.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.replace("http://", "").split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, what, body) {
  return new Promise((resolve, reject) => {
    const path = `/2018-06-01/runtime/invocation/${what}`;
    const request = http.request({ agent, host, port, method, path }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ id: answer.headers["lambda-runtime-aws-request-id"], text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

for (;;) {
  const { id, text } = await call("GET", "next");
  try {
    await call("POST", `${id}/response`, JSON.stringify(await handler(JSON.parse(text))));
  } catch (error) {
    await call("POST", `${id}/error`, JSON.stringify({ errorMessage: error.message, errorType: error.name }));
  }
}
