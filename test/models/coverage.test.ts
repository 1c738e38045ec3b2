/** The intervals hold what they say, in small; `npm run bench -- coverage` has all worlds and sizes. */
import { expect, test } from 'vitest';
import { type Cell, coverageOf, ENOUGH, FIGURES, isAsStated, LEVEL } from './coverage.ts';
import { WORLDS, type World } from './worlds.ts';

const OPTIONS = { users: 400, repetitions: 200, replicates: 200, models: ['last', 'markov'] } as const;

function worldOf(name: string): World {
  return WORLDS.find((world) => world.name === name) as World;
}

function heldOf(cells: readonly Cell[]): number {
  const [held, printed] = cells.reduce((sums, cell) => [sums[0] + cell.held, sums[1] + cell.printed], [0, 0]);
  return held / printed;
}

test.each(['plain', 'users who convert 1 to 9 times', 'ties'])('%s: shares, credit and effects', (name) => {
  const cells = coverageOf(worldOf(name), { ...OPTIONS, users: 3_000, rewards: ['conversions'] });
  for (const figure of ['share', 'credit', 'effect'] as const) {
    const own = cells.filter((cell) => cell.figure === figure && cell.printed >= 100);
    expect(own.map(({ channel }) => channel)).toContain('search');
    // Cells of one sample depend on each other: the error is that of the samples.
    expect(Math.abs(heldOf(own) - LEVEL)).toBeLessThan(3 * Math.sqrt((LEVEL * (1 - LEVEL)) / OPTIONS.repetitions));
  }
});

test.each(WORLDS.map((world) => [world.name, world] as const))('%s: every model of the bench has a truth in it', (_, world) => {
  const models = ['last', 'shapley', 'markov', 'rateShapley'] as const;
  const cells = coverageOf(world, { users: 60, repetitions: 1, replicates: 200, models });
  expect(cells).toHaveLength(models.length * FIGURES.length * 6);
});

test.each(['values without a variance', 'orders without a variance'])(
  '%s: intervals that they decide are not printed, over files and in groups (before: held in 66–75 of 100 samples)',
  (name) => {
    const decided = name.startsWith('values') ? ['value share', 'value', 'ROAS'] : FIGURES;
    for (const groups of [{}, { groups: 16 }]) {
      const options = { ...OPTIONS, users: 5_000, repetitions: 30, models: ['last'] as const, ...groups };
      const cells = coverageOf(worldOf(name), options).filter(({ channel }) => channel === 'search');
      for (const { figure, printed } of cells)
        if (decided.includes(figure)) expect(printed).toBeLessThanOrEqual(6);
        else if (figure !== 'effect') expect(printed).toBeGreaterThan(10);
    }
  },
);

test('each order of a user taken for a user: the intervals are far too narrow', () => {
  const cells = coverageOf(worldOf('users who convert 1 to 9 times'), { ...OPTIONS, repetitions: 60, asJourneys: true });
  expect(heldOf(cells.filter(({ figure }) => figure === 'credit'))).toBeLessThan(0.7);
});

test('where no interval can be had there is none: few orders of very different value', () => {
  const cells = coverageOf(worldOf('lognormal values, σ 1'), { ...OPTIONS, repetitions: 60 });
  const printed = (figure: (typeof FIGURES)[number]) =>
    cells.filter((cell) => cell.figure === figure).reduce((sum, cell) => sum + cell.printed, 0);
  expect([printed('value'), printed('value share'), printed('ROAS')]).toEqual([0, 0, 0]);
  expect(printed('share')).toBeGreaterThan(0);
});

test.each([
  ['plain', 2_000],
  // Fewer are refused: how often single users convert is not known.
  ['users who convert 1 to 9 times', 16_000],
] as const)('%s, %d in 16 groups of users, as the platform knows them', (name, users) => {
  const cells = coverageOf(worldOf(name), { ...OPTIONS, users, repetitions: 200, groups: 16, rewards: ['conversions'] });
  for (const figure of ['share', 'credit', 'effect'] as const) {
    const own = cells.filter((cell) => cell.figure === figure && cell.printed >= 100);
    expect(own.map(({ channel }) => channel)).toContain('search');
    expect(Math.abs(heldOf(own) - LEVEL)).toBeLessThan(3 * Math.sqrt((LEVEL * (1 - LEVEL)) / 200));
  }
});

test('a cell that few samples print is judged by these: printed in a tenth, holding nothing, is not as stated (before: it was)', () => {
  expect(isAsStated({ printed: 40, held: 0 })).toBe(false);
  expect(isAsStated({ printed: 40, held: 36 })).toBe(true);
  expect(isAsStated({ printed: ENOUGH - 1, held: 0 })).toBe(true);
});

test.each(['plain', 'ties'])(
  '%s, 500 users in 16 groups: also channels that few samples print hold in these (before: 54 % of 54)',
  (name) => {
    const cells = coverageOf(worldOf(name), { ...OPTIONS, users: 500, repetitions: 400, groups: 16 });
    const judged = cells.filter(({ printed }) => printed >= ENOUGH);
    expect(judged.filter(({ printed }) => printed < 200).length).toBeGreaterThan(10);
    expect(judged.filter((cell) => !isAsStated(cell) && cell.held / cell.printed < LEVEL)).toEqual([]);
  },
);

test.each(['values', 'orders'])(
  'one channel with %s without a variance beside others: what it decides is not printed (before: in 95–100 %, held in 44–79)',
  (kind) => {
    const decided = kind === 'values' ? ['value share', 'value', 'ROAS'] : FIGURES;
    for (const groups of [{}, { groups: 16 }]) {
      const options = { ...OPTIONS, users: 5_000, repetitions: 40, models: ['last'] as const, ...groups };
      const own = coverageOf(worldOf(`${kind} without a variance in one channel`), options);
      for (const { channel, figure, printed } of own)
        if (channel === 'partner' && decided.includes(figure)) expect(printed).toBeLessThanOrEqual(8);
      expect(own.find(({ channel, figure }) => channel === 'search' && figure === 'credit')?.printed).toBeGreaterThan(10);
    }
  },
);

test.each([500, 1_000])(
  '%d users in 16 groups, one channel of 20 % whose users order by Zipf: it is hardly ever printed (before: in 19 to 41 %, held in 24 to 54)',
  (users) => {
    const options = { ...OPTIONS, users, repetitions: 100, models: ['last', 'shapley'] as const, groups: 16 };
    const cells = coverageOf(worldOf('orders without a variance in one large channel'), options);
    const printed = (channel: string) =>
      cells.filter((cell) => cell.channel === channel && cell.figure === 'credit').map((cell) => cell.printed);
    expect(Math.max(...printed('social'))).toBeLessThanOrEqual(12);
    expect(Math.min(...printed('search'))).toBeGreaterThan(50);
    expect(
      coverageOf(worldOf('plain'), options).find(({ channel, figure }) => channel === 'social' && figure === 'credit')?.printed,
    ).toBeGreaterThan(70);
  },
);

test('in groups: no interval of a channel that too few users converted over, nor of value that few orders decide', () => {
  const small = coverageOf(worldOf('plain'), { ...OPTIONS, repetitions: 60, users: 100, groups: 16 });
  expect(small.filter(({ channel }) => channel === 'podcast').map(({ printed }) => printed)).toEqual(new Array(12).fill(0));
  const rare = coverageOf(worldOf('one order in 500 is 50 000'), { ...OPTIONS, users: 40_000, repetitions: 3, groups: 16 });
  expect(rare.filter(({ figure }) => figure === 'value').every(({ printed }) => printed === 0)).toBe(true);
});
