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
import { createJourneys } from './journeys.ts';
import { type PathFileColumns, resolvePathColumns } from './path-columns.ts';
import { RowError, type RowOptions, rowOf } from './path-row.ts';

export interface PathFileOptions extends RowOptions {
  /** Between columns; undefined: detected in the header. */
  readonly separator: string | undefined;
  readonly map: string | undefined;
  /** Decimals of the value at the least: those of its currency. */
  readonly decimals: number;
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
