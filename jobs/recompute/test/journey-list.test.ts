/** The journeys of a generation as a file, touch by touch, against the oracle. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileAsked, generationFile } from '@tributary/archive/readers/generation-file';
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naivePath, naiveTimelines } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

type Row = Readonly<Record<string, unknown>>;

async function written(
  { dataDir, manifest }: World,
  generation: number,
  asked: Partial<FileAsked>,
  mostBytes = 1e9,
): Promise<Row[]> {
  const bounds = { dataDir, memoryLimit: '128MiB', mostBytes, signal: new AbortController().signal };
  const whole = { rows: 'journeys', format: 'ndjson', whoIsErased: null, ...asked } as const;
  const { handle } = await generationFile(await manifest(generation), whole, bounds);
  const text = await handle.readFile('utf8');
  await handle.close();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

/** One row a touch; of a conversion without touches one. */
function expected(events: readonly Event[], definitions: ReturnType<typeof definitionsOf>): Row[] {
  return naiveTimelines(events, definitions).flatMap((timeline) =>
    timeline
      .filter(({ type }) => definitions.conversions.includes(type))
      .flatMap((conversion) => {
        const { path } = naivePath(timeline, conversion, definitions);
        const touches = path.map(({ event, channel }, i) => ({
          step: i + 1,
          touchId: event.id,
          touchTs: event.ts,
          touchType: event.type,
          channel,
          campaign: event.campaign ?? '(none)',
        }));
        const none = { step: null, touchId: null, touchTs: null, touchType: null, channel: null, campaign: null };
        const { id, ts, type, value = 0, currency = '(none)' } = conversion;
        const own = { id, userKey: userKeyOf(conversion), ts, type, valueMinor: value, currency, steps: path.length };
        return (path.length === 0 ? [none] : touches).map((touch) => ({ ...own, ...touch }));
      }),
  );
}

const inOrder = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();

test('law 5: exported journeys are those of the oracle, touch by touch, of generations that add to another, without erased users', async () => {
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion: true } });
  const shape = { events: 150, users: 6, lateChance: 0.1, duplicateChance: 0.1 };
  const log = generateEvents(createRandom(13), shape, definitions);
  const world = await createWorld(definitions);
  try {
    await world.ingest(log.slice(0, 90));
    await world.run();
    await world.ingest(log.slice(90));
    await world.run();
    const wanted = expected(log, definitions);
    expect(wanted.some(({ steps }) => steps === 0) && wanted.some(({ step }) => step === 2)).toBe(true);
    expect(inOrder(await written(world, 2, {}))).toEqual(inOrder(wanted));
    const [{ userKey: erased } = {}] = wanted;
    const left = await written(world, 2, { whoIsErased: async () => (userKey) => userKey === erased });
    expect(inOrder(left)).toEqual(inOrder(wanted.filter(({ userKey }) => userKey !== erased)));
    await expect(written(world, 2, {}, 10)).rejects.toMatchObject({ code: 'file_too_large' });
    expect(await readdir(join(world.dataDir, 'staging/api'))).toEqual([]);
  } finally {
    await world.close();
  }
});
