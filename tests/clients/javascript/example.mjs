// How two-factor.mjs is used, in a terminal: TWO_FACTOR_URL=… TWO_FACTOR_TOKEN=… node example.mjs sign-in
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { TwoFactor, TwoFactorError } from "./two-factor.mjs";

const LONGEST_WAIT = 120;
const client = new TwoFactor(process.env.TWO_FACTOR_URL, process.env.TWO_FACTOR_TOKEN);
const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
const closed = new Promise((_, reject) => terminal.once("close", () => reject(new Error("no code was typed"))));
closed.catch(() => {});

async function main(command, ...words) {
  switch (command) {
    case "enrol-app": {
      const secret = await client.newSecret();
      await client.enrolApp(secret);
      console.log(`<img src="${await client.qrImage()}">`);
      console.log(`Scan it with the app, or type this key: ${secret}`);
      return askUntilRight();
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
    default:
      throw new Error("enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable");
  }
}

async function send() {
  const { text } = await client.sendAtSignIn();
  console.log(text || "A code was sent.");
}

async function askUntilRight() {
  for (;;) {
    const code = await Promise.race([terminal.question("Code: "), closed]);
    const { done, text, wait } = await client.verifyAtSignIn(code.trim());
    if (done) {
      return console.log("That is right.");
    }
    console.log(text);
    if (wait > LONGEST_WAIT) {
      throw new Error("come back later");
    }
    await sleep(wait * 1000);
  }
}

try {
  await main(...process.argv.slice(2));
} catch (problem) {
  process.exitCode = 1;
  if (!(problem instanceof TwoFactorError)) {
    console.error(`Given up: ${problem.message}`);
  } else if (problem.status === 401) {
    console.error("The token is not accepted: sign in again.");
  } else {
    console.error([problem.message, ...problem.errors.map(({ pointer, detail }) => `${pointer} ${detail}`)].join("\n"));
  }
} finally {
  terminal.close();
}
