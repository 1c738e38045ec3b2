/** What changed where the cost stood still is a sum over all rows of a report, which may be as many as its campaigns. */
import { setImmediate as turn } from 'node:timers/promises';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import type { ReportOfBoth } from '@tributary/reports/rows/report';
import { rowOf, stoodStillOf } from '@tributary/reports/rows/rows';
import { expect, test } from 'vitest';

const CAMPAIGNS = 20_000;

/** Each third campaign costs more than before; the others cost the same. */
function bothOf(campaigns: number): ReportOfBoth {
  const window = (factor: number) => {
    const keys = Array.from({ length: campaigns }, (_, i) => `search\tcampaign ${i}`);
    const rows = new Map(keys.map((key, i) => [key, [factor * CREDIT_UNIT_MICROS, factor * i]]));
    const none = { channels: new Map(), byChannel: new Map(), withheld: new Set(), uncertainty: null };
    const credit = new Map([['linear', { rows, totals: [1, 1], ...none }]]);
    const costs = new Map(keys.map((key, i) => [key, [1, i % 3 === 0 ? 100 * factor : 100]]));
    const question = { by: ['channel', 'campaign'], wanted: { conversions: true, revenue: true } };
    return { keys: new Set(keys), credit, costs, costTotals: [1, 1], currencies: { values: ['EUR'], costs: ['EUR'] }, question };
  };
  return { report: window(3), before: window(1) } as unknown as ReportOfBoth;
}

test('law 7: what stood still is summed in turns, so that a report of many rows makes no other request wait', async () => {
  const both = bothOf(CAMPAIGNS);
  let turns = 0;
  const sums = await stoodStillOf(both, 'linear', () => {
    turns++;
    return turn();
  });
  expect(turns).toBeGreaterThanOrEqual(Math.floor(CAMPAIGNS / 5_000));
  const rows = [...both.report.keys].map((key) => rowOf(both, 'linear', key)).filter((row) => row['costMinorChange'] === 0);
  const sumOf = (name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
  expect(sums).toEqual({
    rows: rows.length,
    ...Object.fromEntries(
      ['previousConversions', 'conversionsChange', 'previousValueMinor', 'valueMinorChange'].map((name) => [name, sumOf(name)]),
    ),
  });
});
