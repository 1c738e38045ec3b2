/** A thread of the bench of coverage: samples of one world at one size, and again what is outside. */
import { parentPort } from 'node:worker_threads';
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { type Cell, type CoverageOptions, coverageOf, isAsStated } from '../models/coverage.ts';
import { WORLDS, type World } from '../models/worlds.ts';
import { AGAIN, type Measured } from './coverage-table.ts';

const MODELS: readonly ModelName[] = ['last', 'shapley', 'markov', 'rateShapley'];
const RULES: readonly ModelName[] = ['first', 'last', 'linear', 'positionBased'];
const REPLICATES = 200;

interface Drawn {
  readonly drawn: string;
  readonly groups: Pick<CoverageOptions, 'groups'>;
  readonly models: readonly ModelName[];
}

/** Files draw users; the platform knows them in groups. */
export const DRAWN: readonly Drawn[] = [
  { drawn: 'users', groups: {}, models: MODELS },
  { drawn: '16 groups', groups: { groups: 16 }, models: MODELS },
  { drawn: '16 groups, rules', groups: { groups: 16 }, models: RULES },
];

export interface CoverageTask {
  /** The name of a way of drawing. */
  readonly drawn: string;
  /** The name of a world. */
  readonly world: string;
  readonly users: number;
  readonly samples: number;
}

function measure({ drawn, world: name, users, samples }: CoverageTask): Measured {
  const start = performance.now();
  const world = WORLDS.find((one) => one.name === name) as World;
  const { groups, models } = DRAWN.find((one) => one.drawn === drawn) as Drawn;
  const cells = coverageOf(world, { users, repetitions: samples, replicates: REPLICATES, models, ...groups });
  const missed = cells.filter((cell) => !isAsStated(cell));
  const again = againOf(world, users, { missed, samples, groups });
  return {
    drawn,
    world: name,
    users,
    samples,
    cells,
    outside: missed.length,
    again,
    seconds: (performance.now() - start) / 1_000,
  };
}

/** Among hundreds of cells some leave 3 errors by chance. These are judged by other samples alone, more of them. */
function againOf(
  world: World,
  users: number,
  { missed, samples, groups }: { missed: readonly Cell[]; samples: number; groups: Drawn['groups'] },
): Cell[] {
  if (missed.length === 0) return [];
  const models = [...new Set(missed.map(({ model }) => model))];
  const many = AGAIN * samples;
  const fresh = coverageOf(world, { users, repetitions: many, replicates: REPLICATES, models, from: samples, ...groups });
  return fresh.filter((cell) => missed.some((one) => isSame(one, cell)) && !isAsStated(cell));
}

function isSame(a: Cell, b: Cell): boolean {
  return a.model === b.model && a.figure === b.figure && a.channel === b.channel;
}

parentPort?.on('message', (task: CoverageTask) => parentPort?.postMessage(measure(task)));
