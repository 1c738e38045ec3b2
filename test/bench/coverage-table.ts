/** The tables of docs/uncertainty.md: how often intervals held the truth of each world, means over models and channels. */
import { isShared } from '@tributary/attribution/models/catalogue';
import type { Cell, Figure } from '../models/coverage.ts';
import type { World } from '../models/worlds.ts';

interface Measured {
  readonly world: World;
  readonly users: number;
  readonly samples: number;
  readonly cells: readonly Cell[];
}

/** Below it a column says how often there was an interval. */
const ALWAYS = 0.985;

/** Markdown. Percents held; in brackets the percent of samples with an interval, where it was not always there. */
export function coverageTable(measured: readonly Measured[], columns: readonly Figure[]): string {
  const header = ['world', 'users', ...columns, '`rateShapley`'];
  const rows = measured.map(({ world, users, samples, cells }, i) => [
    measured[i - 1]?.world === world ? '' : world.name,
    grouped(users),
    ...columns.map((figure) => {
      const own = cells.filter((cell) => cell.figure === figure && cell.model !== 'rateShapley');
      // Rules have no effect.
      return shown(figure === 'effect' ? own.filter(({ model }) => isShared(model)) : own, samples);
    }),
    shown(
      cells.filter(({ model }) => model === 'rateShapley'),
      samples,
    ),
  ]);
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Over all intervals that were printed. */
export function heldOf(cells: readonly Cell[]): number {
  const sum = (of: (cell: Cell) => number) => cells.reduce((all, cell) => all + of(cell), 0);
  const printed = sum((cell) => cell.printed);
  return printed === 0 ? 0 : sum(({ held }) => held) / printed;
}

/** Part of the samples in which there was an interval. */
export function printedOf(cells: readonly Cell[], samples: number): number {
  return cells.reduce((sum, { printed }) => sum + printed, 0) / (cells.length * samples);
}

function shown(cells: readonly Cell[], samples: number): string {
  const printed = printedOf(cells, samples);
  if (printed === 0) return 'none';
  const held = (100 * heldOf(cells)).toFixed(0);
  if (printed >= ALWAYS) return held;
  return `${held} (${printed < 0.005 ? '<1' : (100 * printed).toFixed(0)})`;
}

function grouped(users: number): string {
  return users.toLocaleString('en').replaceAll(',', ' ');
}
