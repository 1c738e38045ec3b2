import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import type { StepOutcome } from '@tributary/views/step';
import { BEHIND_THE_CUT, PAST_RETENTION } from '@tributary/views/step';
import { expect, test } from 'vitest';
import type { PartitionLimits } from '../partitions/partition-run.ts';
import { leaveOutputs } from './output-lines.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);
const COUNTED: StepOutcome = { fate: 'counted', overflowed: false, attributed: [], remembered: true };
const event = { ts: 1_795_176_000_000, type: 'page', id: 'e1', receivedAt: 1_795_176_000_000 };
const arrival = { userKey: 'u:1', line: JSON.stringify(event) };

function linesOf(outcomes: readonly StepOutcome[], outputs: PartitionLimits['outputs'] = 'all', type = event.type): string[] {
  const lines: string[] = [];
  const limits = { maxTimelineEvents: 100, maxCachedEvents: 100, shelvedAfter: 1, outputs };
  leaveOutputs(lines, arrival, { ...event, type }, outcomes, { definitions, limits, sha256Hex });
  return lines.map((line) => JSON.parse(line).type);
}

test('law 3: an event leaves its line once: none as a copy, and none where a copy of it would not be recognised', () => {
  expect(linesOf([COUNTED])).toEqual(['event.enriched']);
  expect(linesOf([{ ...COUNTED, fate: 'duplicate' }])).toEqual([]);
  expect(linesOf([PAST_RETENTION])).toEqual([]);
  expect(linesOf([BEHIND_THE_CUT])).toEqual([]);
});

test('an event that counts for another key leaves its line there, a message between keys leaves none', () => {
  expect(linesOf([])).toEqual([]);
  expect(linesOf([COUNTED], 'all', 'tributary.put')).toEqual([]);
});

test('outputs are those that the settings ask for', () => {
  expect(linesOf([COUNTED], 'none')).toEqual([]);
  expect(linesOf([COUNTED], 'conversions')).toEqual([]);
});
