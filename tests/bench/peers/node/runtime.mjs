// The loop that Lambda's Node runtime runs: ask for an event, hand back the answer.

import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ method, hostname, port, path, agent }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end(body);
  });
}

export async function serve(handler) {
  for (;;) {
    const { headers, body } = await call("GET", "/2018-06-01/runtime/invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    const answer = JSON.stringify(await handler(JSON.parse(body)));
    await call("POST", `/2018-06-01/runtime/invocation/${id}/response`, answer);
  }
}
