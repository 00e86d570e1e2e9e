// A client of the two-factor API, for browsers and Node 18 or newer. No dependency.

// What a user can mend, in words for that user: put your own in their place. Every other problem is thrown.
const USER_TEXTS = {
  "/problems/invalid-code": "That code is not right. Take the one that the app shows now, or the newest SMS.",
  "/problems/invalid-fields": "That is not a code: type its six digits, or a recovery code.",
  "/problems/too-many-attempts": "Too many wrong codes. Try again in {wait}.",
  "/problems/too-many-sends": "A code was sent already: look for the newest SMS. Another can be sent in {wait}.",
  "/problems/unavailable": "Not available just now. Try again in {wait}.",
};

/**
 * An answer that is no success. `type` is the name to compare: `/problems/…`, or `about:blank` where the answer is not the
 * service's own but the gateway's or a proxy's. `errors` lists the fields that are wrong. `retryAfter` is the number of
 * seconds to wait before another try, where waiting helps; else null.
 */
export class TwoFactorError extends Error {
  constructor(status, headers, body) {
    let document = null;
    try {
      document = JSON.parse(body);
    } catch {
      // Not the service's own answer.
    }
    const type = document?.type ?? "about:blank";
    const detail = document?.detail ?? document?.message ?? `HTTP ${status}`;
    super(`${type} (${status}): ${detail}`);
    this.name = "TwoFactorError";
    this.status = status;
    this.type = type;
    this.detail = detail;
    this.errors = document?.errors ?? [];
    this.requestId = document?.request_id ?? null;
    this.retryAfter = null;
    if (status === 429 || status === 503) {
      // The gateway's own answers do not say how long: a second then.
      const seconds = headers.get("retry-after") ?? "";
      this.retryAfter = /^\d+$/.test(seconds) ? Number(seconds) : 1;
    }
  }
}

/**
 * One user's two-factor settings. `token` is that user's. A method throws `TwoFactorError` for an answer that is no
 * success, and what `fetch` throws where there is no answer.
 */
export class TwoFactor {
  #url;
  #token;
  #timeout;

  constructor(url, token, timeout = 10_000) {
    this.#url = url;
    this.#token = token;
    this.#timeout = timeout;
  }

  async settings() {
    return (await this.#request("GET", "/api/two-factor")).data;
  }

  async newSecret() {
    return (await this.#request("GET", "/api/two-factor/secret")).data.secret_key;
  }

  /** The app's QR code, for the `src` of an `<img>`. */
  async qrImage() {
    return (await this.#request("GET", "/api/two-factor/qr")).data.qr_image;
  }

  // The settings below replace all earlier ones, and are not verified. `key` is a current code: a deployment with
  // StepUp=code wants one where verified settings are replaced (`/problems/step-up-required`).

  async enrolApp(secretKey, key = null) {
    await this.#request("PATCH", "/api/two-factor", { method: "google", secret_key: secretKey, key });
  }

  async enrolPhone(phonePrefix, phone, key = null) {
    await this.#request("PATCH", "/api/two-factor", { method: "sms", phone_prefix: phonePrefix, phone, key });
  }

  async disable(key = null) {
    await this.#request("PATCH", "/api/two-factor", { method: "", key });
  }

  async sendCode() {
    await this.#request("POST", "/api/two-factor/send-verification");
  }

  async verify(code) {
    await this.#request("POST", "/api/two-factor/verify", { key: code });
  }

  /** Ten new codes, each of which `verify` takes once. They are shown this once, and earlier ones are void. */
  async recoveryCodes(key = null) {
    return (await this.#request("POST", "/api/two-factor/recovery-codes", { key })).data.recovery_codes;
  }

  /** Like `verifyAtSignIn`, for sending. */
  sendAtSignIn() {
    return outcome(this.sendCode());
  }

  /**
   * `{done, text, wait}`: whether the code is right, what to tell the user if it is not, and for how many seconds nothing
   * may be tried again. Throws what another code cannot mend.
   */
  verifyAtSignIn(code) {
    return outcome(this.verify(code));
  }

  async #request(method, path, body) {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(this.#timeout),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new TwoFactorError(answer.status, answer.headers, text);
    }
    return text ? JSON.parse(text) : null;
  }
}

async function outcome(request) {
  try {
    await request;
    return { done: true, text: "", wait: 0 };
  } catch (problem) {
    if (!(problem instanceof TwoFactorError)) {
      throw problem;
    }
    // 429 and 503 of the gateway itself mean the same as a fault of the service.
    const busy = problem.type === "about:blank" && problem.retryAfter !== null;
    const text = USER_TEXTS[busy ? "/problems/unavailable" : problem.type];
    if (text === undefined) {
      throw problem;
    }
    const wait = problem.retryAfter ?? 0;
    return { done: false, text: text.replace("{wait}", duration(wait)), wait };
  }
}

function duration(seconds) {
  return seconds <= 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
