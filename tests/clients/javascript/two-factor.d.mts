// The types of two-factor.mjs.

export interface Settings {
  /** Null if two-factor authentication is disabled. */
  method: "google" | "sms" | null;
  secret_key: string | null;
  phone_prefix: number | null;
  /** A string where a leading zero belongs to the number. */
  phone: number | string | null;
  verified: boolean;
}

export interface UserSettings {
  method: "google" | "sms" | null;
  verified: boolean;
  /** Four dots and the last two digits. */
  phone: string | null;
  recovery_codes_left: number;
  /** Seconds until the next code is checked; 0 if it is checked now. */
  locked_seconds: number;
}

export interface FieldError {
  /** The field, such as `#/phone`. */
  pointer: string;
  detail: string;
}

/** A non-2xx response. */
export class TwoFactorError extends Error {
  constructor(status: number, headers: Headers, body: string);
  readonly status: number;
  /** `/problems/…`, or `about:blank` if the response is not from the service but from the gateway or a proxy. */
  readonly type: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly requestId: string | null;
  /** Seconds to wait before another attempt, where waiting helps. */
  readonly retryAfter: number | null;
}

export interface Outcome {
  done: boolean;
  /** What to tell the user; empty if done. */
  text: string;
  /** Seconds in which to allow no other attempt. */
  wait: number;
  /** How many recovery codes are left, if the code was one. */
  recoveryCodesLeft: number | null;
}

/** One user's two-factor settings. */
export class TwoFactor {
  /** `timeout` is in milliseconds. */
  constructor(url: string, token: string, timeout?: number);
  settings(): Promise<Settings>;
  newSecret(): Promise<string>;
  /** The app's QR code as a data URL, for the `src` of an `<img>`. */
  qrImage(): Promise<string>;
  /** `newKey`, a current code of the new app, verifies it at once. */
  enrolApp(secretKey: string, key?: string | null, newKey?: string | null): Promise<void>;
  enrolPhone(phonePrefix: number | string, phone: number | string, key?: string | null): Promise<void>;
  disable(key?: string | null): Promise<void>;
  sendCode(): Promise<void>;
  /**
   * Rejects unless the code is right. Call it on your server: what a browser says about a code proves nothing. Resolves to how
   * many recovery codes are left if it was one, else to null.
   */
  verify(code: string): Promise<number | null>;
  /** Ten new codes, each of which `verify` accepts once. They cannot be read again, and replace earlier ones. */
  recoveryCodes(key?: string | null): Promise<string[]>;
  /** What a helpdesk may know of another user. The token needs the permission `users:read` or `users:edit`. */
  userSettings(id: string): Promise<UserSettings>;
  /** Removes another user's settings. The token needs the permission `users:edit`. */
  resetUser(id: string): Promise<void>;
  sendAtSignIn(): Promise<Outcome>;
  verifyAtSignIn(code: string): Promise<Outcome>;
}
