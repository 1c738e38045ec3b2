/** What retention took out of the archive cuts records that are made again of the rest, as long as they reach back so far. */
import { DAY_MS } from '@tributary/model/time';
import { crossBarrier, loadPartition, noteRetired, stateOf } from '@tributary/speed/partitions/partition-run';
import { DEFAULT_LIMITS } from '@tributary/speed/pipeline';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { VIEWS } from '@tributary/views/registry';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';

const keptFor = (days: number) => definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days, perUser: 20 } });
const RETIRED_MS = 1_000 * DAY_MS;

test('law 7: records lack what was retired until they reach back less far, and again where definitions keep them for longer', async () => {
  const initial = keptFor(100);
  const source = {
    store: { loadState: async () => null },
    logIdentity: 'log',
    initial,
    sha256Hex,
    limits: DEFAULT_LIMITS,
    views: VIEWS,
  };
  const run = await loadPartition(0, source);
  noteRetired(run, RETIRED_MS);
  const stored = () => stateOf(run, 'p', 'log').cutTs;
  expect([run.cutTs, stored()]).toEqual([RETIRED_MS, RETIRED_MS]);
  const cross = (generation: number, days: number, definitions = initial) => {
    run.logTimeMs = RETIRED_MS + days * DAY_MS;
    crossBarrier(run, generation, definitions, DEFAULT_LIMITS, sha256Hex);
    return run.cutTs;
  };
  expect(cross(1, 99)).toBe(RETIRED_MS);
  expect(cross(2, 100)).toBe(NEVER_CUT);
  // The store never takes a cut back.
  expect(stored()).toBe(RETIRED_MS);
  expect(cross(3, 130)).toBe(NEVER_CUT);
  expect(cross(4, 150, keptFor(200))).toBe(RETIRED_MS + 50 * DAY_MS);

  // Where no barrier says what was in force before.
  const again = await loadPartition(0, { ...source, initial: keptFor(200) });
  noteRetired(again, RETIRED_MS);
  again.logTimeMs = RETIRED_MS + 150 * DAY_MS;
  crossBarrier(again, 4, keptFor(200), DEFAULT_LIMITS, sha256Hex);
  expect(again.cutTs).toBe(RETIRED_MS);
  noteRetired(run, null);
  expect(run.cutTs).toBe(RETIRED_MS + 50 * DAY_MS);
});
