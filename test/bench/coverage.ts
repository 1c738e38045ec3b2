/**
 * Whether intervals hold what they say: samples of worlds whose truth is known (`test/models/worlds.ts`), at three sizes. A cell is a
 * figure of a channel under a model. Among the samples that print it, however few they are, its coverage must be the stated level within
 * 3 Monte Carlo errors; cells that fewer than 30 print are not judged, and counted. Cells outside are measured again, by other samples. Prints the tables of docs/uncertainty.md.
 */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import {
  type Cell,
  type CoverageOptions,
  type Figure as Covered,
  coverageOf,
  ENOUGH,
  isAsStated,
  LEVEL,
} from '../models/coverage.ts';
import { WORLDS, type World } from '../models/worlds.ts';
import { coverageTable, heldOf, printedOf } from './coverage-table.ts';
import type { Figure } from './report.ts';

const MODELS: readonly ModelName[] = ['last', 'shapley', 'markov', 'rateShapley'];
const SIZES = [500, 5_000, 50_000];
const REPLICATES = 200;

/** Files draw users; the platform knows them in groups. */
interface Drawn {
  readonly drawn: string;
  readonly groups: Pick<CoverageOptions, 'groups'>;
  /** Samples for each repetition of the smaller sizes: 17 runs of a model take less than 200. */
  readonly samples: number;
}

const COLUMNS: readonly Covered[] = ['share', 'credit', 'value share', 'value', 'ROAS', 'effect'];
const DRAWN: readonly Drawn[] = [
  { drawn: 'users', groups: {}, samples: 1 },
  { drawn: '16 groups', groups: { groups: 16 }, samples: 2 },
];

/** What was found in one world at one size. */
interface Measured {
  readonly world: World;
  readonly users: number;
  readonly samples: number;
  readonly cells: readonly Cell[];
  /** Outside of 3 Monte Carlo errors in these samples, and in those that measured them again. */
  readonly outside: number;
  readonly again: readonly Cell[];
}

/** `repetitions` of 500 and of 5 000 users; the largest samples take a second each, there are a third of them. */
export async function benchCoverage(repetitions: number, print: (text: string) => void): Promise<Figure[]> {
  return DRAWN.flatMap((drawn) => {
    const measured = WORLDS.flatMap((world) => SIZES.map((users) => measure(world, users, repetitions, drawn)));
    print(`\n${drawn.drawn}\n\n${coverageTable(measured, COLUMNS)}\n\n${verdict(measured)}\n`);
    return measured.map((one) => figureOf(drawn.drawn, one));
  });
}

function measure(world: World, users: number, repetitions: number, { drawn, groups, samples: each }: Drawn): Measured {
  const start = performance.now();
  // To draw 50 000 users takes longer than to answer for them.
  const samples = users > 10_000 ? Math.ceil(repetitions * 0.3) : each * repetitions;
  const cells = coverageOf(world, { users, repetitions: samples, replicates: REPLICATES, models: MODELS, ...groups });
  const missed = cells.filter((cell) => !isAsStated(cell));
  const again = againOf(world, users, missed, samples, groups);
  const seconds = ((performance.now() - start) / 1_000).toFixed(0);
  process.stderr.write(
    `  ${drawn}: ${world.name}, ${users} users: ${seconds} s, ${missed.length} of ${cells.length} cells outside, ${again.length} again\n`,
  );
  return { world, users, samples, cells, outside: missed.length, again };
}

/** As often as before. */
const AGAIN = 4;

/** Among hundreds of cells some leave 3 errors by chance. These are judged by other samples alone, more of them. */
function againOf(world: World, users: number, missed: readonly Cell[], samples: number, groups: Drawn['groups']): Cell[] {
  if (missed.length === 0) return [];
  const models = [...new Set(missed.map(({ model }) => model))];
  const many = AGAIN * samples;
  const fresh = coverageOf(world, { users, repetitions: many, replicates: REPLICATES, models, from: samples, ...groups });
  return fresh.filter((cell) => missed.some((one) => isSame(one, cell)) && !isAsStated(cell));
}

function isSame(a: Cell, b: Cell): boolean {
  return a.model === b.model && a.figure === b.figure && a.channel === b.channel;
}

/** How many cells are not as stated, and by name those that were not in other samples either. */
function verdict(measured: readonly Measured[]): string {
  const sum = (of: (one: Measured) => number) => measured.reduce((all, one) => all + of(one), 0);
  const names = measured.flatMap(({ world, users, again }) =>
    again.map((cell) => `${world.name}, ${users} users: ${nameOf(cell)}`),
  );
  const less = measured.flatMap(({ again }) => again).filter((cell) => heldOf([cell]) < LEVEL).length;
  const judged = sum(({ cells }) => cells.filter(({ printed }) => printed >= ENOUGH).length);
  const counts = `${sum(({ cells }) => cells.length)} cells, ${judged} printed in ${ENOUGH} samples or more: ${sum(({ outside }) => outside)} outside of 3 Monte Carlo errors, ${names.length} in ${AGAIN} times as many other samples: ${less} hold less than stated, ${names.length - less} more`;
  return [counts, ...names].join('\n');
}

function nameOf(cell: Cell): string {
  return `${cell.figure} of ${cell.channel} under ${cell.model} holds ${percent(heldOf([cell]))} % of ${cell.printed}`;
}

function figureOf(drawn: string, { world, users, samples, cells, outside, again }: Measured): Figure {
  return {
    section: 'coverage',
    figure: `${drawn}: ${world.name}, ${users} users`,
    value: 100 * heldOf(cells),
    unit: '% held',
    note: `printed in ${percent(printedOf(cells, samples))} % of ${samples} samples; ${outside} of ${cells.length} cells outside of 3 errors${again.length === 0 ? '' : `, again: ${again.map(nameOf).join(', ')}`}`,
  };
}

function percent(part: number): string {
  return (100 * part).toFixed(0);
}
