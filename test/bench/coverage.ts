/**
 * Whether intervals hold what they say: samples of worlds whose truth is known (`test/models/worlds.ts`), at three sizes. A cell is a
 * figure of a channel under a model. Among the samples that print it, however few they are, its coverage must be the stated level within
 * 3 Monte Carlo errors; cells that fewer than 30 print are not judged, and counted. Cells outside are measured again, by other samples.
 *
 *   world × size × way of drawing → a thread for each processor → a row of a table as soon as it is known → the tables of docs/uncertainty.md
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Figure as Covered, ENOUGH, LEVEL } from '../models/coverage.ts';
import { WORLDS } from '../models/worlds.ts';
import { AGAIN, coverageHeader, coverageRow, coverageTable, heldOf, type Measured, nameOf, printedOf } from './coverage-table.ts';
import { type CoverageTask, DRAWN } from './coverage-worker.ts';
import type { Figure } from './report.ts';

const SIZES = [500, 5_000, 50_000];
const COLUMNS: readonly Covered[] = ['share', 'credit', 'value share', 'value', 'ROAS', 'effect'];

interface Asked {
  /** Samples of each world and size. */
  readonly repetitions: number;
  /** Part of the name of the worlds that are wanted; undefined: all. */
  readonly world: string | undefined;
  /** The size that is wanted; undefined: all. */
  readonly users: number | undefined;
  /** A file of what was measured, a line each: what it holds is not measured again. */
  readonly resume: string | undefined;
}

export async function benchCoverage(asked: Asked, print: (text: string) => void): Promise<Figure[]> {
  const worlds = WORLDS.map(({ name }) => name).filter((name) => asked.world === undefined || name.includes(asked.world));
  const sizes = SIZES.filter((users) => asked.users === undefined || users === asked.users);
  const tasks = DRAWN.flatMap(({ drawn }) =>
    sizes.flatMap((users) => worlds.map((world) => ({ drawn, world, users, samples: asked.repetitions }))),
  );
  const known = asked.resume === undefined || !existsSync(asked.resume) ? [] : linesOf(asked.resume);
  const measured = known.filter((one) => tasks.some((task) => isSame(one, task)));
  const left = tasks.filter((task) => !measured.some((one) => isSame(one, task)));
  process.stderr.write(`  ${tasks.length} rows, ${measured.length} of them known\n`);
  print(`drawn by ${coverageHeader(COLUMNS)}\n`);
  await inThreads(left, (one) => {
    if (asked.resume !== undefined) appendFileSync(asked.resume, `${JSON.stringify(one)}\n`);
    measured.push(one);
    print(`${one.drawn} ${coverageRow(one, COLUMNS)}\n`);
    const { drawn, world, users, seconds, cells, outside, again } = one;
    process.stderr.write(
      `  ${measured.length} of ${tasks.length}, ${drawn}: ${world}, ${users} users: ${seconds.toFixed(0)} s, ${outside} of ${cells.length} cells outside, ${again.length} again\n`,
    );
  });
  return DRAWN.flatMap(({ drawn }) => {
    const own = worlds.flatMap((world) => sizes.map((users) => found(measured, { drawn, world, users })));
    print(`\n${drawn}\n\n${coverageTable(own, COLUMNS)}\n\n${verdict(own)}\n`);
    return own.map(figureOf);
  });
}

type Place = Pick<Measured, 'drawn' | 'world' | 'users'>;

function isSame(one: Place, other: Place): boolean {
  return one.drawn === other.drawn && one.world === other.world && one.users === other.users;
}

function found(measured: readonly Measured[], place: Place): Measured {
  return measured.find((one) => isSame(one, place)) as Measured;
}

function linesOf(file: string): Measured[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Measured);
}

/** Each thread takes the next task when it has answered one. Rejects where a thread fails. */
async function inThreads(tasks: readonly CoverageTask[], onAnswer: (one: Measured) => void): Promise<void> {
  const waiting = [...tasks];
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./coverage-worker.ts', import.meta.url));
      const next = () => {
        const task = waiting.shift();
        if (task === undefined) worker.terminate().then(() => resolve(), reject);
        else worker.postMessage(task);
      };
      worker.on('message', (one: Measured) => {
        onAnswer(one);
        next();
      });
      worker.on('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, work));
}

/** How many cells are not as stated, and by name those that were not in other samples either. */
function verdict(measured: readonly Measured[]): string {
  const sum = (of: (one: Measured) => number) => measured.reduce((all, one) => all + of(one), 0);
  const names = measured.flatMap(({ world, users, again }) => again.map((cell) => `${world}, ${users} users: ${nameOf(cell)}`));
  const less = measured.flatMap(({ again }) => again).filter((cell) => heldOf([cell]) < LEVEL).length;
  const judged = sum(({ cells }) => cells.filter(({ printed }) => printed >= ENOUGH).length);
  const counts = `${sum(({ cells }) => cells.length)} cells, ${judged} printed in ${ENOUGH} samples or more: ${sum(({ outside }) => outside)} outside of 3 Monte Carlo errors, ${names.length} in ${AGAIN} times as many other samples: ${less} hold less than stated, ${names.length - less} more`;
  return [counts, ...names].join('\n');
}

function figureOf({ drawn, world, users, samples, cells, outside, again }: Measured): Figure {
  const printed = (100 * printedOf(cells, samples)).toFixed(0);
  return {
    section: 'coverage',
    figure: `${drawn}: ${world}, ${users} users`,
    value: 100 * heldOf(cells),
    unit: '% held',
    note: `printed in ${printed} % of ${samples} samples; ${outside} of ${cells.length} cells outside of 3 errors${again.length === 0 ? '' : `, again: ${again.map(nameOf).join(', ')}`}`,
  };
}
