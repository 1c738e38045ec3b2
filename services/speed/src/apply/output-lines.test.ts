import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import type { StepOutcome } from '@tributary/views/step';
import { BEHIND_THE_CUT, PAST_RETENTION } from '@tributary/views/step';
import { expect, test } from 'vitest';
import type { PartitionLimits } from '../partitions/partition-run.ts';
import { leaveErased, leaveOutputs } from './output-lines.ts';

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

const at = (ts: number) => ({ ts, type: 'buy', id: 'c1', kind: 'conversion' as const });
const attributed = (valueMinor: number): StepOutcome => ({
  ...COUNTED,
  attributed: [{ conversion: { ...at(event.ts), valueMinor, currency: 'EUR' } as never, path: [], channels: [] }],
});

test('law 3: where one message moves several events, each conversion has one line, which says what holds when all are moved', () => {
  const lines: string[] = [];
  const limits = { maxTimelineEvents: 100, maxCachedEvents: 100, shelvedAfter: 1, outputs: 'conversions' as const };
  const moved: StepOutcome = { ...COUNTED, moved: at(event.ts) as never };
  const said = (outcomes: readonly StepOutcome[]) => {
    lines.length = 0;
    leaveOutputs(lines, arrival, { ...event, type: 'tributary.link' }, outcomes, { definitions, limits, sha256Hex });
    return lines.map((line) => JSON.parse(line) as { type: string; value?: number });
  };
  expect(said([attributed(5), COUNTED, attributed(7)])).toMatchObject([{ type: 'conversion.attributed', value: 7 }]);
  expect(said([moved, attributed(7)])).toMatchObject([{ type: 'conversion.attributed', value: 7 }]);
  expect(said([attributed(5), moved])).toMatchObject([{ type: 'conversion.moved' }]);
});

test('law 9: each record that erases a user leaves a line of its own name, and none where outputs are off', () => {
  const limits = { maxTimelineEvents: 100, maxCachedEvents: 100, shelvedAfter: 1 };
  const linesFor = (outputs: PartitionLimits['outputs'], position: string, isAgain = false) => {
    const lines: string[] = [];
    const record = { ...arrival, event: { ...event, type: 'tributary.erase' }, position, lineNumber: 0 };
    leaveErased(lines, record, { limits: { ...limits, outputs }, sha256Hex, isAgain });
    return lines.map((line) => JSON.parse(line));
  };
  expect(linesFor('none', '1')).toEqual([]);
  const [first] = linesFor('conversions', '1');
  expect(first).toEqual({ ts: event.ts, type: 'user.erased', id: first.id, userKey: 'u:1' });
  expect(linesFor('all', '1')).toEqual([first]);
  expect(new Set([first, ...linesFor('all', '2'), ...linesFor('all', '1', true)].map(({ id }) => id)).size).toBe(3);
});
