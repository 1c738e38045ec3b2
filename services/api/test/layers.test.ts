/** Law 1 between the layers of one answer: what the batch counted and what the deltas say since add up to the merged answer. */

import { CoalitionsAnswer, TransitionsAnswer } from '@tributary/contract/groups/paths';
import { generateEvents, LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createWorld, NOON } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
type AnyRow = any;

const ROUTES = [
  { url: '/v1/coalitions', rows: 'coalitions', schema: CoalitionsAnswer, part: 'rate', key: ({ channels }: AnyRow) => channels },
  {
    url: '/v1/transitions',
    rows: 'transitions',
    schema: TransitionsAnswer,
    part: 'probability',
    key: ({ from, to }: AnyRow) => [from, to],
  },
];

test.each([1, 2, 5, 6, 7, 8])(
  'law 1: sets and transitions of the layers add up, also after a rollback, seed %i',
  async (seed) => {
    const random = createRandom(seed);
    const world = await createWorld({ definitions: generateDefinitions(random) });
    world.advance(LOG_BEGINS_MS - NOON);
    const shape = { events: 180, users: 6, lateChance: 0, duplicateChance: 0.1 };
    for (const [i, arrival] of generateEvents(random, shape, world.definitions).entries()) {
      await world.ingest(arrival);
      if (i % 60 !== 59) continue;
      await world.cut((i + 1) / 60);
      await world.publish((i + 1) / 60);
      await world.tick();
    }
    await world.publish(1);
    await world.tick();
    let negative = 0;
    for (const { url, rows, schema, part, key } of ROUTES) {
      const layer = async (name: string) => {
        const { status, body } = await world.get(`${url}?layer=${name}`);
        expect([status, body.meta.complete]).toEqual([200, true]);
        expect(schema.parse(body)).toEqual(body);
        return new Map<string, AnyRow>(body[rows].map((row: AnyRow) => [JSON.stringify(key(row)), row]));
      };
      const [batch, speed, merged] = [await layer('batch'), await layer('speed'), await layer('merged')];
      const sums = new Map<string, [number, number]>();
      for (const [at, { conversions, nulls }] of [...batch, ...speed]) {
        const [converted, lost] = sums.get(at) ?? [0, 0];
        sums.set(at, [converted + conversions, lost + nulls]);
      }
      const answered = [...merged].map(([at, { conversions, nulls }]) => [at, [conversions, nulls]] as const);
      expect(new Map([...sums].filter(([, sum]) => sum.some((count) => count !== 0)))).toEqual(new Map(answered));
      for (const row of speed.values()) if (row.conversions < 0 || row.nulls < 0) negative++;
      for (const row of merged.values()) expect(row[part]).toBeGreaterThanOrEqual(0);
      for (const row of speed.values()) if (row.conversions < 0 || row.nulls < 0) expect(row[part]).toBeNull();
    }
    expect(negative).toBeGreaterThan(0);
  },
);
