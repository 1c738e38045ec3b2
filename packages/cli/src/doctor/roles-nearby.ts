/** Where the roles of a platform are asked how they are, and what they say. */
import type { Settings } from '../settings.ts';

/** How long a command waits that is about something else. */
const ASKED_BESIDE_MS = 500;

/** Health ports of the roles without HTTP of their own, counted from the collector's: the block that `npm start` takes. */
const HEALTH_OFFSETS = { speed: 3, archiver: 4, recompute: 5 } as const;

/** Roles without HTTP are asked on this machine only: elsewhere their health ports are not ours to know. */
export function serviceUrls({ collectorUrl, apiUrl }: Pick<Settings, 'collectorUrl' | 'apiUrl'>): [role: string, url: string][] {
  const collector = new URL(collectorUrl);
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(collector.hostname) && collector.port !== '';
  const others = Object.entries(HEALTH_OFFSETS).map(([role, offset]): [string, string] => [
    role,
    `http://${collector.hostname}:${Number(collector.port) + offset}`,
  ]);
  return [['collector', collectorUrl], ['api', apiUrl], ...(local ? others : [])];
}

/** Why the archiver of a platform on this machine is not ready, as it says; undefined: it is, or it was not asked. */
export async function archiverTrouble(settings: Settings, fetcher: typeof fetch): Promise<string | undefined> {
  const [, url] = serviceUrls(settings).find(([role]) => role === 'archiver') ?? [];
  if (url === undefined) return undefined;
  try {
    const response = await fetcher(`${url}/readyz`, { signal: AbortSignal.timeout(ASKED_BESIDE_MS) });
    const text = await response.text();
    // Another program at that port may say nothing.
    return response.status === 503 ? detailOf(text).slice(2) || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** What an answer of `/readyz` says, behind a colon; "": nothing. */
export function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' && detail !== '' ? `: ${detail}` : '';
  } catch {
    return '';
  }
}
