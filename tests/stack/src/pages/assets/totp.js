// What an authenticator app does: TOTP with SHA-1, six digits, 30 seconds (RFC 6238), over the browser's WebCrypto.

export const PERIOD = 30;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The bytes of a secret in base32 (RFC 4648); other characters are skipped. */
function decode(secret) {
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const character of secret.toUpperCase()) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) continue;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  return new Uint8Array(bytes);
}

/** The time step of a time in milliseconds. */
export const stepAt = (time) => Math.floor(time / 1000 / PERIOD);

/** The code of a time step: HOTP (RFC 4226) with the step as the counter. */
export async function codeOf(secret, step) {
  const key = await crypto.subtle.importKey("raw", decode(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const offset = digest.getUint8(19) & 0xf;
  return String((digest.getUint32(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
