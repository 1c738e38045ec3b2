/**
 * An aggregated path file as weighted paths, read as a stream. Either the whole file is understood or nothing is computed:
 * a row left out would make every figure wrong, so its line and the fix are reported, and the command ends.
 */
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { Sample } from '@tributary/attribution/uncertainty/units';
import { createProblems } from '@tributary/importing/files/problems';
import { createJourneys } from './journeys.ts';
import { type PathFileColumns, resolvePathColumns } from './path-columns.ts';
import { RowError, type RowOptions, rowOf } from './path-row.ts';
import { createUnitRows } from './unit-rows.ts';
import { demandText, emptyFile, malformed, rowsOf } from './whole-file.ts';

export interface PathFileOptions extends RowOptions {
  /** Between columns; undefined: detected in the header. */
  readonly separator: string | undefined;
  readonly map: string | undefined;
  readonly currency: string | undefined;
  /** Decimals of the value at the least: those of its currency. */
  readonly decimals: number;
  /** Keep what resampling draws. */
  readonly withUnits: boolean;
}

export interface PathFile {
  /** As they are in the file, equal ones added up. `value` counts `10^-decimals`. */
  readonly paths: readonly WeightedPath[];
  readonly rows: number;
  readonly decimals: number;
  readonly hasValue: boolean;
  /** There is no column of nulls: rows without a conversion were counted as one each. */
  readonly nullsByRow: boolean;
  /** What touches cost in the file itself, by channel, at `decimals`. */
  readonly costs: ReadonlyMap<string, number>;
  readonly currency: string | undefined;
  /** Values of more than six decimals, which were rounded. */
  readonly rounded: number;
  /** From the first event to the last, of events alone. */
  readonly spanMs: number | null;
  /** Conversions of a value below zero: refunds, which only events have. */
  readonly refunds: number;
  /** What resampling draws, paths as they are in the file; null: not kept. */
  readonly sample: Sample | null;
  /** Rows of one journey with several conversions, of users that are not known. */
  readonly repeated: number;
  /** Milestones asked for that are not a step of any path. */
  readonly unseenMilestones: readonly string[];
}

/** Throws a failure of usage that lists the first malformed lines; input errors for a header that does not fit. */
export async function readPathFile(chunks: AsyncIterable<Uint8Array>, name: string, options: PathFileOptions): Promise<PathFile> {
  const problems = createProblems();
  const journeys = createJourneys(name);
  let columns: PathFileColumns | undefined;
  const units = createUnitRows(name);
  const unseen = new Set(options.milestones);
  let repeated = 0;
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
          `the row must have as many columns as the header, ${width} (got ${fields.length}). Put a cell that holds the separator in quotes.`,
        );
      const { row, user, isRounded, reached } = rowOf(fields, columns, options);
      if (isRounded) rounded += 1;
      journeys.add(row);
      if (options.withUnits) units.add(row, user);
      if (columns.wide && row.conversions > 1 && user === undefined) repeated += 1;
      for (const milestone of reached) unseen.delete(milestone);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      problems.add({ line, reason: error.message });
    }
  }
  if (problems.count > 0) throw malformed(name, problems);
  if (columns === undefined || journeys.rows === 0) throw emptyFile(name);
  const { paths, decimals } = journeys.end(options.decimals);
  return {
    paths,
    decimals,
    sample: options.withUnits ? units.end(decimals) : null,
    repeated,
    rows: journeys.rows,
    hasValue: columns.value !== undefined,
    nullsByRow: columns.nulls === undefined && !columns.wide,
    costs: new Map(),
    currency: options.currency,
    rounded,
    refunds: 0,
    spanMs: null,
    unseenMilestones: [...unseen],
  };
}
