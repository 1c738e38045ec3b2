/**
 * An aggregated path file as weighted paths, read as a stream. Either the whole file is understood or nothing is computed:
 * a row left out would make every figure wrong, so its line and what to mend are told, and the command ends.
 */
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { TributaryError } from '@tributary/model/errors';
import { CommandError, EXIT } from '../exit.ts';
import { type CsvRow, csvRows } from '../import/csv-rows.ts';
import { createProblems, type Problems } from '../import/problems.ts';
import { count } from '../terminal/figures.ts';
import { parseCount, parseDecimal } from './decimal.ts';
import { createJourneys, PATH_FILE_BOUNDS, type ScaledPath } from './journeys.ts';
import { type PathFileColumns, resolvePathColumns } from './path-columns.ts';

export interface PathFileOptions {
  /** Between columns; undefined: detected in the header. */
  readonly separator: string | undefined;
  /** Between the channels of a path. */
  readonly pathSeparator: string;
  readonly map: string | undefined;
  readonly decimalComma: boolean;
  /** Decimals of the value at the least: those of its currency. */
  readonly decimals: number;
  /** Steps of a path that are no touches but what the touch before them reached. */
  readonly milestones: readonly string[];
}

export interface PathFile {
  /** As they are in the file, equal ones added up. `value` counts `10^-decimals`. */
  readonly paths: readonly WeightedPath[];
  readonly rows: number;
  readonly decimals: number;
  readonly hasValue: boolean;
  readonly columns: PathFileColumns;
  /** Values of more than six decimals, which were rounded. */
  readonly rounded: number;
}

/** Throws a command error (exit 2) that lists the first malformed lines; usage errors for a header that does not fit. */
export async function readPathFile(chunks: AsyncIterable<Uint8Array>, name: string, options: PathFileOptions): Promise<PathFile> {
  const problems = createProblems();
  const journeys = createJourneys(name);
  let columns: PathFileColumns | undefined;
  let width = 0;
  let rounded = 0;
  for await (const { line, fields } of rowsOf(chunks, options.separator, problems.add)) {
    if (columns === undefined) {
      demandText(fields, name);
      columns = resolvePathColumns(options.map, fields);
      width = fields.length;
      continue;
    }
    try {
      if (fields.length !== width)
        throw new RowError(
          `the row has ${fields.length} columns, the header ${width}; put a cell that holds the separator in quotes`,
        );
      const { row, isRounded } = rowOf(fields, columns, options);
      if (isRounded) rounded += 1;
      journeys.add(row);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      problems.add({ line, reason: error.message });
    }
  }
  if (problems.count > 0) throw malformed(name, problems);
  if (columns === undefined || journeys.rows === 0) throw empty(name);
  return { ...journeys.end(options.decimals), rows: journeys.rows, hasValue: columns.value !== undefined, columns, rounded };
}

/** What makes the whole file unreadable is a wrong file: exit 2. */
async function* rowsOf(...args: Parameters<typeof csvRows>): AsyncGenerator<CsvRow> {
  try {
    yield* csvRows(...args);
  } catch (cause) {
    const isUnreadable =
      (cause instanceof CommandError && cause.code === 'csv_quote_not_closed') ||
      (cause instanceof TributaryError && cause.code === 'invalid_gzip');
    if (!isUnreadable) throw cause;
    throw new CommandError({ code: cause.code, message: cause.message, fix: cause.fix, exitCode: EXIT.usage }, { cause });
  }
}

/** Ends the reading of one row; never leaves this file. */
class RowError extends Error {}

function rowOf(
  fields: readonly string[],
  columns: PathFileColumns,
  options: PathFileOptions,
): { row: ScaledPath; isRounded: boolean } {
  const cell = (at: number | undefined) => (at === undefined ? '' : (fields[at]?.trim() ?? ''));
  const conversions = countOf('conversions', flagOf(cell(columns.conversions)));
  // Without a column of nulls a journey that did not convert is there as a row of its own.
  const nulls = columns.nulls === undefined ? Number(conversions === 0) : countOf('nulls', cell(columns.nulls));
  const value = parseDecimal(cell(columns.value) || '0', options.decimalComma ? ',' : '.');
  if (!value.ok) throw new RowError(`value: ${value.reason}`);
  const { units, scale, rounded } = value.value;
  if (units > 0 && conversions === 0) throw new RowError(`a value of ${cell(columns.value)} without a conversion`);
  return { row: { ...stepsOf(fields, columns, options), conversions, nulls, value: units, scale }, isRounded: rounded };
}

function stepsOf(
  fields: readonly string[],
  columns: PathFileColumns,
  options: PathFileOptions,
): Pick<WeightedPath, 'path' | 'milestones'> {
  const steps = columns.wide
    ? columns.path.map((at) => fields[at]?.trim() ?? '').filter((step) => step !== '')
    : splitPath(fields[columns.path[0] as number] ?? '', options.pathSeparator);
  if (steps.length > PATH_FILE_BOUNDS.touches)
    throw new RowError(`the path has ${count(steps.length)} touches; ${count(PATH_FILE_BOUNDS.touches)} are the most`);
  for (const step of steps) demandName(step);
  if (options.milestones.length === 0) return { path: steps };
  const path: string[] = [];
  const reached = new Map<string, number>();
  for (const step of steps) {
    if (!options.milestones.includes(step)) path.push(step);
    else if (path.length === 0) throw new RowError(`"${step}" stands before any touch`);
    else if (!reached.has(step)) reached.set(step, path.length - 1);
  }
  return { path, milestones: [...reached.values()].sort((a, b) => a - b) };
}

function splitPath(cell: string, separator: string): string[] {
  if (cell.trim() === '') return [];
  const steps = cell.split(separator).map((step) => step.trim());
  if (steps.includes(''))
    throw new RowError(
      `the path "${cell.length > 60 ? `${cell.slice(0, 60)}…` : cell}" has an empty step: a "${separator}" too many`,
    );
  return steps;
}

function demandName(step: string): void {
  if (step.length > PATH_FILE_BOUNDS.channelName)
    throw new RowError(
      `the channel "${step.slice(0, 30)}…" is longer than ${PATH_FILE_BOUNDS.channelName} characters; is --path-separator right?`,
    );
  if (/\p{Cc}/u.test(step)) throw new RowError(`the channel "${step.slice(0, 30)}" holds a control character`);
  if (step.includes('\ufffd'))
    throw new RowError(`the channel "${step.slice(0, 30)}" is not UTF-8: save the file as CSV in UTF-8`);
  if (step === '(unattributed)')
    throw new RowError('"(unattributed)" is the name of what no channel earned: rename the channel, or leave the path empty');
}

/** yes/no, true/false as 1/0. */
function flagOf(text: string): string {
  if (/^(true|yes|y)$/i.test(text)) return '1';
  return /^(false|no|n)$/i.test(text) ? '0' : text;
}

function countOf(field: string, text: string): number {
  const read = parseCount(text);
  if (!read.ok) throw new RowError(`${field}: ${read.reason}`);
  return read.value;
}

/** UTF-16 without its mark, a spreadsheet's own format, any other bytes. */
function demandText(header: readonly string[], name: string): void {
  if (!header.some((title) => /[\0\ufffd]/.test(title))) return;
  throw new CommandError({
    code: 'not_utf8',
    message: `${name} is no text in UTF-8`,
    fix: 'Save it as CSV in UTF-8.',
    exitCode: EXIT.usage,
  });
}

function malformed(name: string, { count: many, first }: Problems): CommandError {
  const lines = first.map(({ line, reason }) => `\n  line ${line}: ${reason}`).join('');
  return new CommandError({
    code: 'malformed_path_file',
    message: `${name} has ${count(many)} malformed ${many === 1 ? 'row' : 'rows'}${many > first.length ? `, the first ${first.length} of which are` : ''}:${lines}`,
    fix: 'Mend the rows; nothing was computed, because figures over the rest would be wrong.',
    exitCode: EXIT.usage,
  });
}

function empty(name: string): CommandError {
  return new CommandError({
    code: 'empty_path_file',
    message: `${name} holds no rows`,
    fix: 'A path file has a header (path, total_conversions, …) and a row a path: docs/attribution-files.md.',
    exitCode: EXIT.usage,
  });
}
