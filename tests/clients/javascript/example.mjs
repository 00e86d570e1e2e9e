// How to use two-factor.mjs, in a terminal: TWO_FACTOR_URL=… TWO_FACTOR_TOKEN=… node example.mjs sign-in
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { TwoFactor, TwoFactorError } from "./two-factor.mjs";

const LONGEST_WAIT = 120;
const terminal = createInterface({ input: process.stdin, terminal: false });
// Keeps the lines that come before they are asked for, as from a pipe.
const lines = terminal[Symbol.asyncIterator]();
let client;

async function main(command, ...words) {
  const { TWO_FACTOR_URL: url, TWO_FACTOR_TOKEN: token } = process.env;
  if (!url || !token) {
    throw new Error("Set TWO_FACTOR_URL to the base URL of the API, and TWO_FACTOR_TOKEN to the user's token.");
  }
  client = new TwoFactor(url, token);
  switch (command) {
    case "enrol-app": {
      const secret = await client.newSecret();
      await client.enrolApp(secret);
      // The folder is for this user alone, as the QR code holds the secret, and is deleted afterwards.
      const folder = await mkdtemp(join(tmpdir(), "two-factor-"));
      try {
        const file = join(folder, "qr.png");
        await writeFile(file, (await client.qrImage()).split(",")[1], "base64");
        console.log(`Open ${file} and scan it with the app, or type this key: ${secret}`);
        return await askUntilRight();
      } finally {
        await rm(folder, { recursive: true });
      }
    }
    case "enrol-phone":
      await client.enrolPhone(...words);
      await send();
      return askUntilRight();
    case "sign-in": {
      const { method, verified } = await client.settings();
      if (!verified) {
        return console.log("No second factor is set.");
      }
      if (method === "sms") {
        await send();
      }
      return askUntilRight();
    }
    case "recovery-codes":
      return console.log((await client.recoveryCodes()).join("\n"));
    case "disable":
      return client.disable();
    case "view": {
      const settings = Object.entries(await client.userSettings(words[0] ?? ""));
      return console.log(settings.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join("\n"));
    }
    case "reset":
      return client.resetUser(words[0] ?? "");
    default:
      throw new Error("enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable | view USER-ID | reset USER-ID");
  }
}

async function send() {
  const { text } = await client.sendAtSignIn();
  console.log(text || "A code was sent.");
}

async function askUntilRight() {
  for (;;) {
    process.stdout.write("Code: ");
    const line = await lines.next();
    if (line.done) {
      throw new Error("No code was typed.");
    }
    const { done, text, wait, recoveryCodesLeft } = await client.verifyAtSignIn(line.value);
    if (done) {
      return console.log(recoveryCodesLeft === null ? "That is right." : `That is right. Recovery codes left: ${recoveryCodesLeft}`);
    }
    console.log(text);
    if (wait > LONGEST_WAIT) {
      throw new Error("Come back later.");
    }
    await sleep(wait * 1000);
  }
}

try {
  await main(...process.argv.slice(2));
} catch (problem) {
  process.exitCode = 1;
  if (!(problem instanceof TwoFactorError)) {
    console.error(problem.message);
  } else if (problem.status === 401) {
    console.error("The token was not accepted: sign in again.");
  } else {
    console.error([problem.message, ...problem.errors.map(({ pointer, detail }) => `${pointer} ${detail}`)].join("\n"));
  }
} finally {
  terminal.close();
}
