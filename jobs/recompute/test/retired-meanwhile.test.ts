/** Events that retirement takes out of the archive while another looks at them: a run with new corrections, and the reconciliation of late ones. */
import { midnightOf, planRetirement } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { retireFiles } from '../src/retire/retire-by-age.ts';
import { beforeOf, DEFINITIONS, generated, longAgo, nowBehind } from './old-and-young.ts';
import { createWorld, type World } from './world.ts';

const OLD = longAgo(generated(3));
const YOUNG = generated(4);
const NOW = nowBehind(YOUNG);
const BEFORE = beforeOf(NOW);
const FIRST_DAY = midnightOf(Math.min(...OLD.map(({ ts }) => ts)));
const CORRECTED = definitionsOf({
  ...SMALL_DEFINITIONS,
  corrections: [
    {
      name: 'gone',
      when: 'type == "click" || type == "buy"',
      drop: true,
      from: new Date(FIRST_DAY).toISOString(),
      to: new Date(FIRST_DAY + 20 * DAY_MS).toISOString(),
      author: 'ana',
      reason: 'a test of the shop',
    },
  ],
});
let world: World;

beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
  for (const events of [OLD, YOUNG.slice(0, 20), YOUNG.slice(20)]) await computed(events);
});
afterEach(() => world.close());

async function computed(events: readonly Event[]): Promise<void> {
  await world.ingest([...events]);
  await world.turn();
  await world.run({}, { now: () => NOW });
}

async function askToRetire(): Promise<void> {
  const { signal } = new AbortController();
  const { files, rows, bytes } = await planRetirement(world.dataDir, { before: BEFORE, definitions: DEFINITIONS, signal });
  expect(rows).toBe(OLD.length);
  await createRequest(world.dataDir, { before: BEFORE, at: NOW, by: 'ana', planned: { files, rows, bytes } });
}

test.each(['created', 'raised', 'sealed'])(
  'laws 1 and 7: days that another coordinator retires while a run that corrects them is %s: it is refused',
  async (at) => {
    await askToRetire();
    const { dataDir } = world;
    const { generation = 0 } = (await world.current()) ?? {};
    const retire = () => retireFiles({ dataDir, generation, attempt: 'abcd1234', nowMs: NOW });
    const run = world.run(
      { scheduled: false, definitions: CORRECTED.json },
      { now: () => NOW, reached: async (stage) => void (stage === at && (await retire())) },
    );
    await expect(run).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('retired') });
    expect((await world.current())?.generation).toBe(generation);
  },
);

test.each([false, true])(
  'law 7: late events of days that were retired (%s): none of their rows is called a defect of the engines',
  async (isRetired) => {
    const more = { ...(YOUNG[0] as Event), id: 'more' };
    if (isRetired) await askToRetire();
    await computed([more]);
    const receivedAt = NOW - 30_000;
    const buys = OLD.filter(({ type }) => type === 'buy');
    const late = buys.map((buy, i) => ({
      ...buy,
      id: `late-${i}`,
      type: 'click',
      channel: 'search',
      ts: buy.ts - 1_000,
      receivedAt,
    }));
    expect(late.length).toBeGreaterThan(3);
    await computed(late);
    const { generation = 0 } = (await world.current()) ?? {};
    expect(differences(await world.viewsOf(generation), naive([...OLD, ...YOUNG, more, ...late], DEFINITIONS))).toEqual([]);
    const { engineDefectRows, causes } = await world.reconciliation(generation);
    expect([engineDefectRows, (causes?.unexamined ?? 0) > 0]).toEqual(isRetired ? [null, true] : [0, false]);
  },
);
