/** The services: does each take work, and do their clocks agree with ours? */

import { reasonOf } from '@tributary/importing/sending/unanswered';
import type { Settings } from '../settings.ts';
import { type Finding, fail, ok } from './finding.ts';
import { judgeClock } from './redis.ts';

const TIMEOUT_MS = 3_000;

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

export async function checkServices(settings: Settings, fetcher: typeof fetch, now: () => number): Promise<Finding[]> {
  return (await Promise.all(serviceUrls(settings).map(([role, url]) => checkService(role, url, fetcher, now)))).flat();
}

async function checkService(role: string, url: string, fetcher: typeof fetch, now: () => number): Promise<Finding[]> {
  const beforeMs = now();
  try {
    const response = await fetcher(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const detail = detailOf(await response.text());
    const dateMs = Date.parse(response.headers.get('date') ?? '');
    const ready =
      response.status === 200
        ? ok(role, `ready${detail}`)
        : fail(
            role,
            `not ready (${response.status})${detail}`,
            `See the log of ${role === 'recompute' ? role : `the ${role === 'speed' ? 'speed worker' : role === 'api' ? 'API' : role}`}.`,
          );
    // The Date header has whole seconds.
    const clock = role === 'api' && !Number.isNaN(dateMs) ? [judgeClock('the API', beforeMs - 1_000, dateMs, now())] : [];
    return [ready, ...clock];
  } catch (error) {
    return [
      fail(
        role,
        `${url} does not answer: ${reasonOf(error)}`,
        `Start the platform with "npm start", or this role with "tributary start ${role}".`,
      ),
    ];
  }
}

function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' && detail !== '' ? `: ${detail}` : '';
  } catch {
    return '';
  }
}
