/** Questions for which all of the archive is read, where it lacks the records of users who were erased, or events that were retired. */
import { renameSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createQuestion, type QuestionResult, readQuestion } from '@tributary/archive/asked/questions';
import { readForgotten } from '@tributary/archive/forgotten';
import { planChanged } from '@tributary/archive/plan/other-definitions';
import { midnightOf, newestBefore } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import { retireEvents } from '@tributary/archive/retention/retire-events';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { answerQuestion } from '@tributary/question/answer';
import { computeViews } from '@tributary/question/compute-views';
import { compareChanged } from '@tributary/recompute/reconcile/compare-definitions';
import { event, NOON_MS } from '@tributary/recompute/test/one-user';
import { viewRowsOf } from '@tributary/recompute/test/view-rows';
import { createWorld, SMALL_LIMITS, type World } from '@tributary/recompute/test/world';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { afterEach, expect, test } from 'vitest';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
/** No generation keeps what conversions are counted once by. */
const ONCE = { conversions: { buy: { onceBy: 'properties.order_id' } } };
const COUNTED_ONCE = definitionsOf({ ...SMALL_DEFINITIONS, ...ONCE } as never);
const FEW = { limits: { ...SMALL_LIMITS, keepGenerations: 2 } };
const ID = '0abcdefg-00000001';

let world: World;
afterEach(() => world.close());

const says = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, userKey: string): Event =>
  JSON.parse(encodeErasure({ type, userKey, id: `${type} request`, atMs: event('', 0, '').receivedAt })) as Event;

const bought = (userId: string, id: string): Event[] => [
  event(`click ${id}`, 3, 'click', { userId, channel: 'search' }),
  event(`order ${id}`, 4, 'buy', { userId, value: 100, currency: 'EUR' }),
];

async function answered(): Promise<Pick<QuestionResult, 'views'>> {
  const { json, version } = COUNTED_ONCE;
  const asked = { id: ID, lookbackDays: null, windowDays: {}, definitions: json, definitionsVersion: version };
  await createQuestion(world.dataDir, { ...asked, by: 'test', askedAt: Date.now() });
  const wait = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 5), undefined, { signal });
  const compared = (given: Parameters<typeof compareChanged>[0], signal: AbortSignal) =>
    compareChanged(given, world.ports, signal);
  const ports = { ...world.ports, computeViews, compareChanged: compared, sleep: wait, now: Date.now };
  await answerQuestion({ id: ID, isLast: false }, ports, new AbortController().signal);
  const result = (await readQuestion(world.dataDir, ID))?.result;
  if (result == null || result.failure !== null) throw new Error(`no answer: ${result?.failure}`);
  return result;
}

test('law 9: a question for which all of the archive is read counts nothing of a user whose erasure the files do not say any more', async () => {
  world = await createWorld(DEFINITIONS);
  const log: Event[] = [];
  const run = async (...events: Event[]) => {
    log.push(...events);
    await world.ingest(events);
    await world.run({}, FEW);
  };
  await run(...bought('ana', '1'), ...bought('eve', '1'), ...bought('ida', '1'));
  await run(says(ERASE_TYPE, 'ana'), says(ERASE_TYPE, 'ida'), ...bought('ida', '2'));
  await run(...bought('eve', '2'), says(LIFT_TYPE, 'ida'), ...bought('ida', '3'));
  await run(...bought('eve', '3'));
  await run(...bought('eve', '4'));
  // Files are without the record by now, and its user goes on sending.
  expect((await readForgotten(world.dataDir))?.erased).toHaveLength(1);
  await run(...bought('ana', '5'), ...bought('eve', '5'));
  const { views } = await answered();
  const rows = await viewRowsOf(world.session, world.dataDir, { generation: 6, views });
  expect(differences(rows, naive(naiveUnforgotten(log), COUNTED_ONCE))).toEqual([]);
});

test('law 7: a question of which events are retired while its files are listed is refused', async () => {
  world = await createWorld(DEFINITIONS);
  const { dataDir } = world;
  const nowMs = NOON_MS + 300 * DAY_MS;
  const at = { ...FEW, now: () => nowMs };
  await world.ingest(bought('eve', '1'));
  await world.run({}, at);
  await world.ingest(bought('eve', '2').map((one) => ({ ...one, ts: nowMs - DAY_MS, receivedAt: nowMs })));
  await world.run({}, at);
  const before = midnightOf(newestBefore({ createdAt: nowMs }, DEFINITIONS, nowMs));
  await createRequest(dataDir, { before, at: nowMs, by: 'ana', planned: { files: 0, rows: 0, bytes: 0 } });
  const [archive, whole, rest] = ['archive', 'archive-whole', 'archive-rest'].map((name) => join(dataDir, name)) as [
    string,
    ...string[],
  ];
  await cp(archive, whole as string, { recursive: true });
  expect(await retireEvents({ dataDir, nowMs })).toMatchObject({ rows: 2 });
  renameSync(archive, rest as string);
  renameSync(whole as string, archive);
  const planned = (onList: () => void) => {
    const { lastSegment, ...manifest } = base;
    const listed = {
      ...manifest,
      get lastSegment() {
        onList();
        return lastSegment;
      },
    };
    const { program, limits } = world.ports;
    return planChanged(dataDir, { attempt: 'a', limits: limits.compute, base: listed, definitions: COUNTED_ONCE, program });
  };
  const base = await world.manifest(2);
  expect((await planned(() => {})).arrivals.flat().reduce((sum, { rows }) => sum + rows, 0)).toBe(4);
  const retire = () => {
    renameSync(archive, whole as string);
    renameSync(rest as string, archive);
  };
  await expect(planned(retire)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('they were retired'),
  });
});
