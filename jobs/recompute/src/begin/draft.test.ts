/** What a new generation is built upon, and which one a retry goes on with: decided without a file or a store. */
import { GENERATION_EVENT_COLUMNS } from '@tributary/archive/compute/relations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { demandUsable, draftOf, type Facts } from './draft.ts';

const DEFINITIONS = definitionsOf({});
const COUNTED_ONCE = definitionsOf({ conversions: { purchase: { onceBy: 'properties.order_id' } } });
const parse = (json: string) => (json === COUNTED_ONCE.json ? COUNTED_ONCE : DEFINITIONS);

function facts(base: Partial<GenerationManifest> | null, run: Partial<Facts['run']> = {}, partitions = 2): Facts {
  const drafted = draftOf({
    run: { mode: 'full', reason: 'test', definitions: null },
    published: { base: null, inForce: null, fileBefore: null },
    file: DEFINITIONS,
    isHeld: false,
    parse,
    partitions,
    now: 1,
  });
  const whole: GenerationManifest = {
    ...drafted,
    generation: 7,
    state: 'computed',
    lastSegment: [3, 4],
    eventColumns: Object.keys(GENERATION_EVENT_COLUMNS),
    ...base,
  };
  return {
    run: { mode: 'incremental', reason: 'test', definitions: null, ...run },
    published: { base: base === null ? null : whole, inForce: base === null ? null : whole, fileBefore: null },
    file: null,
    isHeld: false,
    parse,
    partitions,
    now: 9,
  };
}

test('an incremental run builds upon the generation that readers have', () => {
  expect(draftOf(facts({}))).toMatchObject({ mode: 'incremental', base: 7, state: 'pending', createdAt: 9, computedAt: null });
});

test.each([
  ['it is to be full', facts({}, { mode: 'full' })],
  ['there is none', facts(null)],
  ['its rows are gone', facts({ state: 'retired' })],
  ['its events lack a column', facts({ eventColumns: ['id', 'ts'] })],
  ['its events lack what conversions now count once by', facts({}, { definitions: COUNTED_ONCE.json })],
])('a run computes all of the archive where %s', (_, given) => {
  expect(draftOf(given)).toMatchObject({ mode: 'full', base: null });
});

test('a log of other partitions than the base is refused, with both numbers', () => {
  expect(() => draftOf(facts({}, {}, 3))).toThrow('the log must have 2 partitions, as generation 7 has (got 3)');
  expect(draftOf(facts({}, { mode: 'full' }, 3)).base).toBeNull();
});

test('a retry goes on with what is pending or computed, and refuses the rest with its reason', () => {
  const generation = { ...draftOf(facts(null)), generation: 8 };
  expect(demandUsable(generation).generation).toBe(8);
  expect(demandUsable({ ...generation, state: 'computed' }).state).toBe('computed');
  expect(() => demandUsable({ ...generation, state: 'failed', failure: 'compute_failed: disk' })).toThrow(
    'generation 8 is failed: this run cannot go on with it (compute_failed: disk)',
  );
  expect(() => demandUsable({ ...generation, state: 'superseded' })).toThrow(/superseded: this run cannot go on with it$/);
});
