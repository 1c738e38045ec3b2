/** One row of a path file: pure. */
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { parseCount, parseDecimal } from './decimal.ts';
import { PATH_FILE_BOUNDS, type ScaledPath } from './journeys.ts';
import type { PathFileColumns } from './path-columns.ts';

export interface RowOptions {
  /** Between the channels of a path. */
  readonly pathSeparator: string;
  readonly decimalComma: boolean;
  /** Steps of a path that are not touches but what the touch before them reached. */
  readonly milestones: readonly string[];
}

/** What is wrong with the row, and what to correct. */
export class RowError extends Error {}

export function rowOf(
  fields: readonly string[],
  columns: PathFileColumns,
  options: RowOptions,
): { row: ScaledPath; user: string | undefined; isRounded: boolean; reached: readonly string[] } {
  const cell = (at: number | undefined) => (at === undefined ? '' : (fields[at]?.trim() ?? ''));
  const conversions = countOf('conversions', flagOf(cell(columns.conversions)));
  // Without a column of nulls a journey that did not convert is there as a row of its own.
  const nulls = columns.nulls === undefined ? Number(conversions === 0) : countOf('nulls', cell(columns.nulls));
  const value = parseDecimal(cell(columns.value) || '0', options.decimalComma ? ',' : '.');
  if (!value.ok)
    throw new RowError(
      `value ${value.reason}${value.reason.startsWith('must be 0 or more') ? '. Take refunds from the value of their path.' : ''}`,
    );
  const { units, scale, rounded } = value.value;
  if (units > 0 && conversions === 0) throw new RowError(`value must be 0 without a conversion (got ${cell(columns.value)})`);
  const { reached, ...steps } = stepsOf(fields, columns, options);
  return {
    row: { ...steps, conversions, nulls, value: units, scale },
    user: cell(columns.user) || undefined,
    isRounded: rounded,
    reached,
  };
}

function stepsOf(
  fields: readonly string[],
  columns: PathFileColumns,
  options: RowOptions,
): Pick<WeightedPath, 'path' | 'milestones'> & { readonly reached: readonly string[] } {
  const steps = columns.wide
    ? columns.path.map((at) => fields[at]?.trim() ?? '').filter((step) => step !== '')
    : splitPath(fields[columns.path[0] as number] ?? '', options.pathSeparator);
  if (steps.length > PATH_FILE_BOUNDS.touches)
    throw new RowError(
      `the path must have at most ${PATH_FILE_BOUNDS.touches.toLocaleString('en')} touches (got ${steps.length.toLocaleString('en')})`,
    );
  for (const step of steps) demandName(step);
  if (options.milestones.length === 0) return { path: steps, reached: [] };
  const path: string[] = [];
  const reached = new Map<string, number>();
  for (const step of steps) {
    if (!options.milestones.includes(step)) path.push(step);
    else if (path.length === 0) throw new RowError(`a milestone must stand behind a touch (got "${step}" before any)`);
    else if (!reached.has(step)) reached.set(step, path.length - 1);
  }
  return { path, milestones: [...reached.values()].sort((a, b) => a - b), reached: [...reached.keys()] };
}

function splitPath(cell: string, separator: string): string[] {
  if (cell.trim() === '') return [];
  const steps = cell.split(separator).map((step) => step.trim());
  if (steps.includes(''))
    throw new RowError(
      `the path must have no empty step (got "${cell.length > 60 ? `${cell.slice(0, 60)}…` : cell}"). Take away the "${separator}" too many.`,
    );
  return steps;
}

function demandName(step: string): void {
  if (step.length > PATH_FILE_BOUNDS.channelName)
    throw new RowError(
      `a channel must have at most ${PATH_FILE_BOUNDS.channelName} characters (got "${step.slice(0, 30)}…"). Is --path-separator right?`,
    );
  if (/\p{Cc}/u.test(step)) throw new RowError(`a channel must hold no control character (got "${step.slice(0, 30)}")`);
  if (step.includes('\ufffd'))
    throw new RowError(`a channel must be text in UTF-8 (got "${step.slice(0, 30)}"). Save the file as CSV in UTF-8.`);
  if (step === '(unattributed)')
    throw new RowError(
      'a channel must have a name of its own (got "(unattributed)", which is what no channel is credited with). Rename it, or leave the path empty.',
    );
}

/** yes/no, true/false as 1/0. */
function flagOf(text: string): string {
  if (/^(true|yes|y)$/i.test(text)) return '1';
  return /^(false|no|n)$/i.test(text) ? '0' : text;
}

function countOf(field: string, text: string): number {
  const read = parseCount(text);
  if (!read.ok) throw new RowError(`${field} ${read.reason}`);
  return read.value;
}
