// How a TypeScript application uses the client. It is only compiled, which proves the types.
import { TwoFactor, TwoFactorError, type Outcome } from "../two-factor.mjs";

export async function signIn(client: TwoFactor, code: string): Promise<Outcome> {
  const { method, phone } = await client.settings();
  if (method === "sms" && phone !== null) {
    await client.sendAtSignIn();
  }
  // @ts-expect-error: there is no such method.
  if (method === "email") {
    await client.disable();
  }
  return client.verifyAtSignIn(code);
}

export async function reset(client: TwoFactor, id: string): Promise<number> {
  try {
    // @ts-expect-error: an ID is a string, as a number over 2^53 would be another user's.
    await client.resetUser(42);
    await client.resetUser(id);
    return 0;
  } catch (error) {
    if (error instanceof TwoFactorError && error.type === "/problems/unavailable") {
      return error.retryAfter ?? 0;
    }
    throw error;
  }
}

export async function tellWhenFewAreLeft(client: TwoFactor, code: string): Promise<boolean> {
  const left: number | null = await client.verify(code);
  return left !== null && left < 3;
}
