/** The link to the console that logs in once: what it holds is a code behind a `#`, which browsers send to no server and no log has. */
import type { Platform } from './launch.ts';

const WAIT_MS = 5_000;

/** With the key that reads. Where the API gives no code, the address alone: a key can be typed there. */
export async function consoleLink({ apiUrl, keys }: Pick<Platform, 'apiUrl' | 'keys'>, signal: AbortSignal): Promise<string> {
  const address = `${apiUrl}/ui/`;
  try {
    const answer = await fetch(`${address}login-codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.read}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]),
    });
    const { code } = (await answer.json()) as { readonly code?: unknown };
    return typeof code === 'string'
      ? `${address}#code=${code}   logs in once, within 15 minutes; later with the read key`
      : address;
  } catch {
    return address;
  }
}
