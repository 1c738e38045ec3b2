/** The tables of docs/uncertainty.md: how often intervals held the truth of each world, means over models and channels. */
import { isShared } from '@tributary/attribution/models/catalogue';
import type { Cell, Figure } from '../models/coverage.ts';

/** What was found in one world at one size. */
export interface Measured {
  /** The name of a way of drawing. */
  readonly drawn: string;
  /** The name of a world. */
  readonly world: string;
  readonly users: number;
  readonly samples: number;
  readonly cells: readonly Cell[];
  /** Outside of 3 Monte Carlo errors in these samples, and in those that measured them again. */
  readonly outside: number;
  readonly again: readonly Cell[];
  readonly seconds: number;
}

/** How many times as many other samples measure a cell again. */
export const AGAIN = 2;

/** Below it a column says how often there was an interval. */
const ALWAYS = 0.985;

/** Markdown. Percents held; in brackets the percent of samples with an interval, where it was not always there. */
export function coverageTable(measured: readonly Measured[], columns: readonly Figure[]): string {
  const header = coverageHeader(columns);
  const rows = measured.map((one, i) => coverageRow(measured[i - 1]?.world === one.world ? { ...one, world: '' } : one, columns));
  return [header, header.replace(/[^|]+/gu, ' --- ').trim(), ...rows].join('\n');
}

export function coverageHeader(columns: readonly Figure[]): string {
  return lineOf(['world', 'users', ...columns, '`rateShapley`']);
}

export function coverageRow({ world, users, samples, cells }: Measured, columns: readonly Figure[]): string {
  const ofRates = cells.filter(({ model }) => model === 'rateShapley');
  const others = cells.filter(({ model }) => model !== 'rateShapley');
  const held = columns.map((figure) => {
    const own = others.filter((cell) => cell.figure === figure);
    // Rules have no effect.
    return shown(figure === 'effect' ? own.filter(({ model }) => isShared(model)) : own, samples);
  });
  return lineOf([world, grouped(users), ...held, shown(ofRates, samples)]);
}

/** "share of search under last holds 84 % of 240". */
export function nameOf(cell: Cell): string {
  return `${cell.figure} of ${cell.channel} under ${cell.model} holds ${(100 * heldOf([cell])).toFixed(0)} % of ${cell.printed}`;
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

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function shown(cells: readonly Cell[], samples: number): string {
  if (cells.length === 0) return '–';
  const printed = printedOf(cells, samples);
  if (printed === 0) return 'none';
  const held = (100 * heldOf(cells)).toFixed(0);
  if (printed >= ALWAYS) return held;
  return `${held} (${printed < 0.005 ? '<1' : (100 * printed).toFixed(0)})`;
}

function grouped(users: number): string {
  return users.toLocaleString('en').replaceAll(',', ' ');
}
