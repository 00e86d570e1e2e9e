// A client of the two-factor API, for browsers and Node 18 or newer. No dependency.

// What users can solve themselves, in words for them: replace them with your own. Every other problem is thrown.
const USER_TEXTS = {
  "/problems/invalid-code": "That code is not right. Use the one that the app shows now, or the one in the newest SMS.",
  "/problems/invalid-fields": "That is not a code. Type its six digits, or a recovery code.",
  "/problems/too-many-attempts": "Too many wrong codes. Try again in {wait}.",
  "/problems/too-many-sends": "A code was already sent. Look for the newest SMS, or get another in {wait}.",
  "/problems/unavailable": "This is not available right now. Try again in {wait}.",
};

/**
 * A non-2xx response. `type` is the name to compare: `/problems/…`, or `about:blank` if the response is not from the service
 * but from the gateway or a proxy. `errors` lists the invalid fields. `retryAfter` is the number of seconds to wait before
 * another attempt, where waiting helps; else null.
 */
export class TwoFactorError extends Error {
  constructor(status, headers, body) {
    let document = null;
    try {
      document = JSON.parse(body);
    } catch {
      // Not from the service.
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
      // The gateway's own responses do not say how long: a second.
      const seconds = headers.get("retry-after") ?? "";
      this.retryAfter = /^\d+$/.test(seconds) ? Number(seconds) : 1;
    }
  }
}

/**
 * One user's two-factor settings. `url` is the base URL of the API, `token` the user's. A method throws `TwoFactorError` for a
 * non-2xx response, and an `Error` that says why if there is no response.
 */
export class TwoFactor {
  #url;
  #token;
  #timeout;

  constructor(url, token, timeout = 10_000) {
    if (!/^https?:\/\//.test(url)) {
      throw new TypeError(`the base URL has to begin with https:// or http://: ${url}`);
    }
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
    this.#timeout = timeout;
  }

  async settings() {
    return (await this.#request("GET", "/api/two-factor")).data;
  }

  async newSecret() {
    return (await this.#request("GET", "/api/two-factor/secret")).data.secret_key;
  }

  /** The app's QR code as a data URL, for the `src` of an `<img>`. */
  async qrImage() {
    return (await this.#request("GET", "/api/two-factor/qr")).data.qr_image;
  }

  // These replace all settings; the new ones are not verified yet. `key` is a current code, which a deployment with
  // StepUp=code requires to replace verified settings (`/problems/step-up-required`).

  /** `newKey`, a current code of the new app, verifies it at once. */
  async enrolApp(secretKey, key = null, newKey = null) {
    const body = { method: "google", secret_key: secretKey, key: typed(key), new_key: typed(newKey) ?? undefined };
    await this.#request("PATCH", "/api/two-factor", body);
  }

  async enrolPhone(phonePrefix, phone, key = null) {
    const body = { method: "sms", phone_prefix: phonePrefix, phone, key: typed(key) };
    await this.#request("PATCH", "/api/two-factor", body);
  }

  async disable(key = null) {
    await this.#request("PATCH", "/api/two-factor", { method: "", key: typed(key) });
  }

  async sendCode() {
    await this.#request("POST", "/api/two-factor/send-verification");
  }

  /**
   * Throws unless the code is right. Call it on your server: what a browser says about a code proves nothing. Resolves to how
   * many recovery codes are left if it was one, else to null.
   */
  async verify(code) {
    const { headers } = await this.#response("POST", "/api/two-factor/verify", { key: typed(code) });
    const left = headers.get("recovery-codes-left");
    return left === null ? null : Number(left);
  }

  /** Ten new codes, each of which `verify` accepts once. They cannot be read again, and replace earlier ones. */
  async recoveryCodes(key = null) {
    const body = { key: typed(key) };
    return (await this.#request("POST", "/api/two-factor/recovery-codes", body)).data.recovery_codes;
  }

  // Another user's ID is a string, as a number over 2^53 becomes another one.

  /** What a helpdesk may know of another user. `token` needs the permission `users:read` or `users:edit`. */
  async userSettings(id) {
    return (await this.#request("GET", ofUser(id))).data;
  }

  /** Removes another user's settings. `token` needs the permission `users:edit`. */
  async resetUser(id) {
    await this.#request("POST", `${ofUser(id)}/reset`);
  }

  /** Like `verifyAtSignIn`, for sending. */
  sendAtSignIn() {
    return outcome(this.sendCode());
  }

  /**
   * `{done, text, wait, recoveryCodesLeft}`: whether the code is right, what to tell the user if it is not, for how many
   * seconds to allow no other attempt, and what `verify` resolves to. Throws what another code cannot solve.
   */
  verifyAtSignIn(code) {
    return outcome(this.verify(code));
  }

  async #request(method, path, body) {
    const { text } = await this.#response(method, path, body);
    return text ? JSON.parse(text) : null;
  }

  async #response(method, path, body) {
    let response, text;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(this.#timeout),
      });
      text = await response.text();
    } catch (error) {
      // Node says no more than "fetch failed", and keeps the reason in `cause`.
      const reason = error.cause?.message || error.cause?.code || error.message;
      throw new Error(`no response from ${this.#url}: ${reason}`, { cause: error });
    }
    if (!response.ok) {
      throw new TwoFactorError(response.status, response.headers, text);
    }
    return { headers: response.headers, text };
  }
}

function ofUser(id) {
  if (typeof id !== "string") {
    throw new TypeError("a user's ID has to be a string");
  }
  return `/api/users/${encodeURIComponent(id)}/two-factor`;
}

// Apps show codes with a space in the middle, and people type it.
function typed(code) {
  return code?.replace(/\s/g, "") ?? null;
}

async function outcome(request) {
  try {
    const recoveryCodesLeft = (await request) ?? null;
    return { done: true, text: "", wait: 0, recoveryCodesLeft };
  } catch (problem) {
    if (!(problem instanceof TwoFactorError)) {
      throw problem;
    }
    // The gateway's own 429 and 503, and whatever else passes with time, are "unavailable".
    const text = USER_TEXTS[problem.type] ?? (problem.retryAfter === null ? undefined : USER_TEXTS["/problems/unavailable"]);
    if (text === undefined) {
      throw problem;
    }
    const wait = problem.retryAfter ?? 0;
    return { done: false, text: text.replace("{wait}", duration(wait)), wait, recoveryCodesLeft: null };
  }
}

function duration(seconds) {
  return seconds <= 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
