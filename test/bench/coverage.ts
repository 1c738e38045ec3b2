/**
 * Whether intervals hold what they say: samples of worlds whose truth is known (`test/models/worlds.ts`), at three sizes. A cell is a
 * figure of a channel under a model. Printed nearly always, its coverage must be the stated level within 3 Monte Carlo errors. Printed
 * in some samples only, these are those in which the channel did well: there intervals may miss no more often than the level allows of
 * all samples. Cells outside are measured again.
 */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { type Cell, type CoverageOptions, coverageOf, FIGURES, isAsStated, OFTEN } from '../models/coverage.ts';
import { WORLDS, type World } from '../models/worlds.ts';
import type { Figure } from './report.ts';

const MODELS: readonly ModelName[] = ['last', 'shapley', 'markov', 'rateShapley'];
const SIZES = [500, 5_000, 50_000];
const REPLICATES = 200;
type Groups = Pick<CoverageOptions, 'groups'>;
/** Files draw users; the platform knows them in groups. */
const DRAWN: readonly { readonly drawn: string; readonly groups: Groups }[] = [
  { drawn: 'users', groups: {} },
  { drawn: '16 groups', groups: { groups: 16 } },
];

export async function benchCoverage(repetitions: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { drawn, groups } of DRAWN)
    for (const [world, users] of WORLDS.flatMap((one) => SIZES.map((size) => [one, size] as const))) {
      const start = performance.now();
      // The largest samples take a second each.
      const many = users > 10_000 ? Math.ceil(repetitions * 0.3) : repetitions;
      const cells = coverageOf(world, { users, repetitions: many, replicates: REPLICATES, models: MODELS, ...groups });
      const again = againOf(world, users, cells, many, groups);
      const seconds = ((performance.now() - start) / 1_000).toFixed(0);
      process.stderr.write(
        `  ${drawn}: ${world.name}, ${users} users: ${seconds} s, ${again.length} of ${cells.length} not as stated\n`,
      );
      for (const figure of FIGURES)
        figures.push(figureOf(`${drawn}: ${world.name}, ${users} users: ${figure}`, cells, figure, many, again));
    }
  return figures;
}

/** As often as before. */
const AGAIN = 4;

/** Among hundreds of cells some leave 3 errors by chance. These are judged by other samples alone, more of them. */
function againOf(world: World, users: number, cells: readonly Cell[], repetitions: number, groups: Groups): Cell[] {
  const missed = cells.filter((cell) => !isAsStated(cell, repetitions));
  if (missed.length === 0) return [];
  const models = [...new Set(missed.map(({ model }) => model))];
  const many = AGAIN * repetitions;
  const fresh = coverageOf(world, { users, repetitions: many, replicates: REPLICATES, models, from: repetitions, ...groups });
  return fresh.filter((cell) => missed.some((one) => isSame(one, cell)) && !isAsStated(cell, many));
}

function isSame(a: Cell, b: Cell): boolean {
  return a.model === b.model && a.figure === b.figure && a.channel === b.channel;
}

function figureOf(name: string, cells: readonly Cell[], figure: string, repetitions: number, again: readonly Cell[]): Figure {
  const own = cells.filter((cell) => cell.figure === figure);
  const often = own.filter((cell) => cell.printed >= OFTEN * repetitions).sort((a, b) => partHeld(a) - partHeld(b));
  const printed = own.reduce((sum, cell) => sum + cell.printed, 0) / (own.length * repetitions);
  const missed = again.filter((cell) => cell.figure === figure);
  const list = missed.map((cell) => `${cell.model} ${cell.channel} ${percent(partHeld(cell))} of ${cell.printed}`);
  const range = often.length === 0 ? '' : `to ${percent(partHeld(often.at(-1) as Cell))}, `;
  return {
    section: 'coverage',
    figure: name,
    value: often[0] === undefined ? 0 : 100 * partHeld(often[0]),
    unit: often[0] === undefined ? '(none printed often)' : '%',
    note: `${range}printed in ${percent(printed)} %, ${repetitions} samples${list.length === 0 ? '' : `; ${list.length} of ${own.length} not as stated: ${list.join(', ')}`}`,
  };
}

function partHeld({ held, printed }: Cell): number {
  return held / printed;
}

function percent(part: number): string {
  return (100 * part).toFixed(0);
}
