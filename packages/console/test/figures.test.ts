/** What pages compute of answers: flows of paths, and rates of counts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONVERSION, flowsOf, graphOf } from '../src/app/charts/flows.ts';
import { tickTexts } from '../src/app/charts/scale.ts';
import { addSample, MOST_SAMPLES, speedOf } from '../src/app/pages/rates.ts';
import { csvOf } from '../src/app/parts/csv.ts';
import { money, percent } from '../src/app/parts/format.ts';
import { everyDay } from '../src/app/state/window.ts';

const amount = (conversions: number) => ({ conversions });
const channel = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '(other channels)', 'د', 'x1', 'x2', 'x3', 'x4');
const path = fc.record({ steps: fc.array(channel, { minLength: 1, maxLength: 9 }), conversions: fc.nat(50) });

test('every conversion is in one flow: the first nodes, the last node and each node between hold what comes in', () =>
  fc.assert(
    fc.property(fc.array(path, { maxLength: 40 }), fc.nat(9), fc.nat(9), fc.nat(9), (paths, rest, longer, unattributed) => {
      const total = paths.reduce((sum, { conversions }) => sum + conversions, rest + longer + unattributed);
      const listed = paths.map((one) => ({ ...one, share: 0 }));
      const { flows } = flowsOf({
        paths: listed,
        rest: { rows: 1, ...amount(rest) },
        longer: amount(longer),
        unattributed: amount(unattributed),
      });
      const { nodes, links } = graphOf(flows);
      const into = (id: string) => links.filter(({ target }) => target === id).reduce((sum, { value }) => sum + value, 0);
      const outOf = (id: string) => links.filter(({ source }) => source === id).reduce((sum, { value }) => sum + value, 0);
      expect(into(CONVERSION)).toBe(total);
      const firsts = nodes.filter(({ id, column }) => column === 0 && id !== CONVERSION);
      expect(firsts.reduce((sum, { id }) => sum + outOf(id), 0)).toBe(total);
      for (const { id, column } of nodes) if (column > 0 && id !== CONVERSION) expect(into(id)).toBe(outOf(id));
      // No cycle, which the layout could not draw.
      const columnOf = new Map(nodes.map(({ id, column }) => [id, column]));
      for (const { source, target } of links) expect(columnOf.get(target)).toBeGreaterThan(columnOf.get(source) as number);
    }),
  ));

test('a layer that takes conversions back is noticed', () => {
  const paths = [{ steps: ['a'], conversions: -1, share: 0 }];
  const none = amount(0);
  expect(flowsOf({ paths, rest: { rows: 0, ...none }, longer: none, unattributed: none }).hasNegative).toBe(true);
});

test('a rate is what came in between two samples, of one type or of all, and samples have a bound', () => {
  const sample = (atMs: number, page: number, buy: number) => ({ atMs, events: new Map(Object.entries({ page, buy })) });
  const [first, second] = [sample(0, 10, 1), sample(2_000, 20, 2)];
  expect([speedOf(first, second), speedOf(first, second, 'page'), speedOf(first, second, 'other')]).toEqual([5.5, 5, 0]);
  expect([speedOf(second, first), speedOf(second, { ...first, atMs: 3_000 })]).toEqual([0, 0]);
  let samples: ReturnType<typeof addSample> = [];
  for (let i = 0; i < 2 * MOST_SAMPLES; i++) samples = addSample(samples, sample(i, i, i));
  expect([samples.length, samples.at(-1)?.atMs]).toEqual([MOST_SAMPLES, 2 * MOST_SAMPLES - 1]);
});

test('a spreadsheet takes no name for a formula, figures are as they are, under a name that says their unit', () => {
  const columns = [
    { head: 'Name', raw: ({ name }: { name: string }) => name },
    { head: 'Value', fileHead: 'valueMinor', raw: () => -12n },
    { head: 'Drawn alone' },
  ];
  expect(csvOf(columns, [{ name: '=HYPERLINK("x")' }, { name: 'a,"b"\n' }])).toBe(
    `Name,valueMinor\r\n"'=HYPERLINK(""x"")",-12\r\n"a,""b""\n",-12\r\n`,
  );
});

test('an axis has decimals where one of its ticks has them', () => {
  const euros = (tick: number) => money(tick, 'EUR');
  expect(tickTexts([0, 100_000, 200_000], euros)).toEqual(['€0', '€1,000', '€2,000']);
  expect(tickTexts([0, 50, 100], euros)).toEqual(['€0.00', '€0.50', '€1.00']);
  expect(tickTexts([0, 0.05, 0.1], percent)).toEqual(['0 %', '5 %', '10 %']);
  expect(tickTexts([0, 2.5, 5], String)).toEqual(['0', '2.5', '5']);
});

test('law 7: a chart by day has each day from the first to the last, those without a row too', () => {
  const charted = (...days: readonly string[]) =>
    everyDay(
      days.map((day) => ({ day, views: 3 })),
      ({ day }) => day,
      (day) => ({ day, views: 0 }),
    ).map(({ day, views }) => `${day} ${views}`);
  expect(charted('2026-02-27', '2026-03-02')).toEqual(['2026-02-27 3', '2026-02-28 0', '2026-03-01 0', '2026-03-02 3']);
  expect(charted('2026-10-24', '2026-10-26')).toEqual(['2026-10-24 3', '2026-10-25 0', '2026-10-26 3']);
  expect(charted('2026-11-20')).toEqual(['2026-11-20 3']);
  expect(charted()).toEqual([]);
  // Somebody may file an event under any day: no chart has a million columns for that.
  expect(charted('0001-01-01', '2026-11-20')).toHaveLength(2);
});
