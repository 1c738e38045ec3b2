/** The services: does each take work, and do their clocks agree with ours? */

import { reasonOf } from '@tributary/importing/sending/unanswered';
import type { Settings } from '../settings.ts';
import { type Finding, fail, ok } from './finding.ts';
import { judgeClock } from './redis.ts';
import { detailOf, serviceUrls } from './roles-nearby.ts';

const TIMEOUT_MS = 3_000;

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
