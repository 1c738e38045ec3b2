/** Exchange rates are in the definitions, and no row follows them: a generation with other ones builds on the rows of its base. */
import { planCompute } from '@tributary/archive/compute/compute-plan';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { createWorld } from './world.ts';

const rated = (USD: string) => definitionsOf({ ...SMALL_DEFINITIONS, exchangeRates: { to: 'EUR', rates: { USD } } });

test('law 1: other exchange rates compute no row again, other windows all', async () => {
  const plain = definitionsOf(SMALL_DEFINITIONS);
  const world = await createWorld(plain);
  try {
    const ts = Date.UTC(2026, 2, 1, 12);
    const event = { ts, id: 'b', type: 'buy', userId: 'ana', receivedAt: ts, source: 'test', value: 100, currency: 'USD' };
    await world.ingest([event]);
    const plans = async (json: string) => {
      await world.run({ definitions: json, mode: 'incremental' });
      const generation = (await world.generations()).at(-1) as number;
      const manifest = await world.manifest(generation);
      expect(manifest.definitions).toBe(json);
      expect(differences(await world.viewsOf(generation), naive([event], definitionsOf(JSON.parse(json))))).toEqual([]);
      const base = manifest.base === null ? null : await world.manifest(manifest.base);
      const limits = { memoryLimit: '64MB', threads: 1, shards: 1 } as never;
      const attempt = { manifest, seals: [], attempt: 'x', limits, program: base?.program ?? '' };
      return (await planCompute(world.dataDir, attempt)).reuseRows;
    };
    expect(await plans(plain.json)).toBe(false);
    expect(await plans(rated('0.92').json)).toBe(true);
    expect(await plans(rated('0.95').json)).toBe(true);
    expect(await plans(definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 2 }).json)).toBe(false);
  } finally {
    await world.close();
  }
});
