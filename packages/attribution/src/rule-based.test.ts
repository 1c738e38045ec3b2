import { split } from '@tributary/model/amounts/money';
import { parseDefinitions, type RuleBasedModel } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { describe, expect, it } from 'vitest';
import { weightsOf } from './rule-based.ts';

const definitions = parseDefinitions('{"attribution":{"direct":["a"]}}', () => '0'.repeat(64));
const path = (channels: string) => channels.split('>').map((channel, i) => ({ ts: i * DAY_MS, channel }));

/** Credit per channel of one conversion worth `total`. */
function credit(model: RuleBasedModel, channels: string, total: number): Record<string, number> {
  const touches = path(channels);
  const parts = split(total, weightsOf(model, touches, 30 * DAY_MS, definitions));
  const sums: Record<string, number> = {};
  touches.forEach(({ channel }, i) => {
    sums[channel] = (sums[channel] ?? 0) + (parts[i] as number);
  });
  return sums;
}

describe('rule-based models', () => {
  // The nine paths of DP6's example, each of value 3, and its published sums; in thousandths to keep integers.
  const paths = ['a', 'a>b', 'a>b>c', 'b', 'b>a', 'b>c>a', 'c', 'c>a', 'c>b>a'];
  it.each([
    ['first', { a: 9000, b: 9000, c: 9000 }],
    ['last', { a: 15000, b: 6000, c: 6000 }],
    ['lastNonDirect', { a: 3000, b: 12000, c: 12000 }],
    ['linear', { a: 10500, b: 9000, c: 7500 }],
    ['positionBased', { a: 11100, b: 8400, c: 7500 }],
  ] as const)('agree with the published example: %s', (model, expected) => {
    const sums: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (const each of paths)
      for (const [channel, part] of Object.entries(credit(model, each, 3000))) sums[channel] = (sums[channel] as number) + part;
    expect(sums).toEqual(expected);
  });

  it('time decay halves every seven days: 21, 14, 7 and 0 days before are 1, 2, 4 and 8 fifteenths', () => {
    const touches = [0, 7, 14, 21].map((day) => ({ ts: day * DAY_MS, channel: 'x' }));
    expect(weightsOf('timeDecay', touches, 21 * DAY_MS, definitions)).toEqual([125_000, 250_000, 500_000, 1_000_000]);
  });
});
