/**
 * Where one user in five is signed in: their pages send both ids with each event. Visits of 20 events, of which many are under way at a time. Which share
 * of answers is complete, of users who are signed in and of all.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@tributary/local/launch';
import { type Event, encodeEvent } from '@tributary/model/event';
import { flow } from './flow.ts';
import { createHttp, type Http } from './http.ts';
import type { Figure } from './report.ts';

/** One event in five is of a user who is signed in. */
const SIGNED_IN = 5;
const VISIT = 20;
/** Visits of signed-in users that are under way at a time. */
const VISITS = 500;
const WARM_UP_S = 10;
const ASK_MS = 25;

/** On a platform that joins keys. */
export async function benchComplete(
  { collectorUrl, apiUrl, keys }: Platform,
  eventsPerSecond: number,
  seconds: number,
): Promise<Figure[]> {
  const collector = createHttp(collectorUrl, keys.write);
  const api = createHttp(apiUrl, keys.read);
  const end = Date.now() + (WARM_UP_S + seconds) * 1_000;
  const run = randomUUID();
  let i = 0;
  const sent = flow(collector, eventsPerSecond, end, (line) => ofSignedIn(line, i++, run));
  await sleep(WARM_UP_S * 1_000);
  const ofUsers: boolean[] = [];
  const ofAll: boolean[] = [];
  for (let asked = 0; Date.now() < end - 500; asked++) {
    ofUsers.push(await isComplete(api, `/v1/users/${userOf(run, visitOf(Math.floor(i / SIGNED_IN) - 1))}/signals?limit=1`));
    if (asked % 4 === 0) ofAll.push(await isComplete(api, '/v1/activity'));
    await sleep(ASK_MS);
  }
  const { accepted, behindMs } = await sent;
  collector.close();
  api.close();
  const share = (of: readonly boolean[]) => of.filter(Boolean).length / of.length;
  const note = `${Math.round(accepted / (WARM_UP_S + seconds))} events/s, at most ${Math.round(behindMs)} ms behind`;
  return [
    {
      ...{ section: 'links', figure: 'complete answers of a signed-in user, one user in 5 signed in', value: share(ofUsers) },
      ...{ unit: '', note: `${ofUsers.length} asked; ${note}` },
    },
    { section: 'links', figure: 'complete answers over all users', value: share(ofAll), unit: '', note: `${ofAll.length} asked` },
  ];
}

function ofSignedIn(line: string, i: number, run: string): string {
  if (i % SIGNED_IN !== 0) return line;
  const user = userOf(run, visitOf(i / SIGNED_IN));
  return encodeEvent({ ...(JSON.parse(line) as Event), userId: user, anonymousId: `device-${user}` });
}

/** Visits take turns, `VISITS` at a time; they begin one after the other. */
function visitOf(event: number): number {
  const place = event % VISITS;
  return Math.floor((Math.floor(event / VISITS) + (place % VISIT)) / VISIT) * VISITS + place;
}

function userOf(run: string, visit: number): string {
  return `${run}-${visit}`;
}

async function isComplete(api: Http, path: string): Promise<boolean> {
  const { status, body } = await api.get(path);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${body.slice(0, 300)}`);
  return body.includes('"complete":true');
}
