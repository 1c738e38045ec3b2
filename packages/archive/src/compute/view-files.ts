/**
 * The views of a generation, some by partition as well: the files of the base, if its rows serve, and one more of what the fresh events
 * change; or one of all their sums (added-files.ts). A view without rows has no file.
 */

import { type GroupedView, groupedOf, sumsPartitions, whereRows } from '@tributary/views/by-partition';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { DuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { inOrder } from '../parquet.ts';
import { fitsRowsFile } from '../rows-file.ts';
import { FEW_ROWS } from '../views.ts';
import { type AddedFiles, addedFiles } from './added-files.ts';
import { type Output, rowsIn } from './output.ts';
import { countsOf, quoted, viewFiles } from './relations.ts';
import { CONNECTIONS, sideBySide } from './side-by-side.ts';
import { sumsOf, writeTogether } from './small-views.ts';
import type { ComputeResult, ComputeSpec } from './spec.ts';

/** Some are summed while others are made durable. */
const FILES_AT_ONCE = 2 * CONNECTIONS;

/** The files by view, and the names of rows by partition that are too many to be kept. */
export type KeptViews = Pick<ComputeResult, 'views' | 'leftOut'>;

/** How the rows of the session came about: the number of shards, and whether each statement of a view ran once in each of them. */
export interface RowsOrigin {
  /** Views with rows in the session; absent: all. The others have none under the definitions. */
  readonly asked?: readonly View[];
  readonly shards: number;
  readonly oncePerShard: boolean;
  /** Every view is one new file, and names none of the base: for what may be kept longer than it, and where its rows name what must go. */
  readonly apart?: boolean;
}

export async function writeViews(
  session: Pick<DuckDb, 'rows' | 'columns'>,
  spec: ComputeSpec,
  views: readonly View[],
  output: Output,
  { asked = views, shards, oncePerShard, apart }: RowsOrigin,
): Promise<KeptViews> {
  // A view's SQL gives one row a key, and a partition lies in one shard: such rows are sums already.
  const all = views.flatMap((view) => [
    {
      of: view,
      view: { ...view, mostRows: null },
      rows: `rows_${view.name} ${whereRows(view, 'own')}`,
      areSums: oncePerShard && shards === 1 && !sumsPartitions(view),
    },
    ...groupedOf([view]).map((grouped) => ({
      of: view,
      view: grouped,
      rows: `rows_${view.name} ${whereRows(view, 'byPartition')}`,
      areSums: oncePerShard,
    })),
  ]);
  // One statement for all: what DuckDB takes to plan one is most of the time of a small generation.
  const tables = [...new Set(all.flatMap(({ of, rows }) => (asked.includes(of) ? [rows] : [])))];
  const counts = await countsOf(session, tables);
  const counted = new Map(tables.map((rows, i) => [rows, counts[i]]));
  const plans = all.map(({ view, rows, areSums }) =>
    planOf(spec, view, { rows, areSums, changed: counted.get(rows) ?? 0, apart: apart === true }),
  );
  const together = await writeSmall(session, spec, plans, output);
  const written = await sideBySide(
    FILES_AT_ONCE,
    plans.map((plan) => async () => {
      const { name } = plan.view;
      return [name, together.has(name) ? (together.get(name) as Written) : await writeView(spec, plan, output)] as const;
    }),
  );
  const leftOut = written.filter(([, files]) => files === null).map(([name]) => name);
  const kept = written.filter((each): each is readonly [string, StoredFile[]] => each[1] !== null);
  return { views: Object.fromEntries(kept), ...(leftOut.length > 0 && { leftOut }) };
}

/** null: there are too many rows, or the base left them out. */
type Written = StoredFile[] | null;

/** `rows`: those of the session, as a FROM clause, `changed` of them. */
type Changes = Pick<Kept, 'rows' | 'areSums'> & { readonly changed: number; readonly apart: boolean };

/** What becomes of a view: `files` are known without writing any. Else its rows and those of the files that are `summed` are written, beside files that `stay`. */
interface Plan extends Changes, AddedFiles {
  readonly view: GroupedView;
  readonly files?: Written;
  /** About how many rows are written. */
  readonly given: number;
  /** The most that may be kept; null: any number. */
  readonly most: number | null;
}

function planOf(spec: ComputeSpec, view: GroupedView, changes: Changes): Plan {
  const { changed, apart } = changes;
  const held = spec.reuseRows ? (spec.base?.views[view.name] ?? []) : [];
  const most = view.mostRows === null ? null : (spec.mostGroupedRows ?? view.mostRows);
  const plan = (added: AddedFiles) => ({ view, ...changes, ...added, given: changed + rowsIn(added.summed), most });
  // Rows are added to those of a base: what it left out, they cannot make whole.
  if (spec.reuseRows && spec.base?.leftOut?.includes(view.name) === true)
    return { ...plan({ stay: [], summed: [] }), files: null };
  if (changed === 0 && (held.length === 0 || !apart)) return { ...plan({ stay: held, summed: [] }), files: [...held] };
  return plan(apart ? { stay: [], summed: held } : addedFiles(held, changed, most, spec.limits.added));
}

/** What becomes of views of few rows, by their names: these lie in one file. */
async function writeSmall(
  session: Pick<DuckDb, 'columns'>,
  spec: ComputeSpec,
  plans: readonly Plan[],
  output: Output,
): Promise<Map<string, Written>> {
  const small = plans.filter(({ files, given }) => files === undefined && given <= (spec.limits.fewRows ?? FEW_ROWS));
  const sums = await sumsOf(
    session,
    spec.dataDir,
    small.map(({ view, rows, changed, summed }) => ({ view, rows: changed === 0 ? null : rows, summed })),
  );
  const fitting = small.filter(({ view }) => fitsRowsFile(sums.get(view.name) as Rows));
  // What is added to files that stay is never too many: addedFiles has counted all of it.
  const isTooMany = ({ view, most }: Plan) => most !== null && (sums.get(view.name) as Rows).size > most;
  const kept = fitting.filter((plan) => !isTooMany(plan));
  const parts = await writeTogether(
    output,
    kept.map(({ view }) => [view, sums.get(view.name) as Rows]),
  );
  return new Map(
    fitting.map((plan) => {
      const part = parts.get(plan.view.name);
      return [plan.view.name, isTooMany(plan) ? null : [...plan.stay, ...(part === undefined ? [] : [part])]];
    }),
  );
}

async function writeView(
  spec: ComputeSpec,
  { view, files, rows, areSums, stay, summed, given, most }: Plan,
  output: Output,
): Promise<Written> {
  if (files !== undefined) return files;
  const kept =
    summed.length === 0
      ? { ...view, rows, areSums }
      : { ...view, rows: `${rows} UNION ALL ${viewFiles(spec.dataDir, summed, view)}`, areSums: false };
  // One row more shows that there are too many. No row may be left out of what is added to a file: addedFiles has counted them.
  const bounded = (query: string) => (most === null || stay.length > 0 ? query : `${query} LIMIT ${most + 1}`);
  // Sorted, so that readers of a range of days pass over the rest.
  const sorted = (query: string) => inOrder(bounded(query), view.dimensions.map(quoted).join(', '), given);
  const name = `view-${view.name}`;
  if (stay.length > 0) return [...stay, ...(await writeSummed(kept, (query) => output.writeRows(name, sorted(query), given)))];
  const file = await writeSummed(kept, (query) => output.write(name, sorted(query), given, most));
  return file === null ? null : [file];
}

/** All that were written of these views. */
export function keptOf(views: readonly View[], { leftOut = [] }: KeptViews): (View | GroupedView)[] {
  return [...views, ...groupedOf(views).filter(({ name }) => !leftOut.includes(name))];
}

/** `rows`: what is summed, as a FROM clause. `areSums`: there is nothing to add, for no statement but one made rows of a key. */
type Kept = Pick<View, 'dimensions' | 'measures'> & { readonly rows: string; readonly areSums: boolean };

/** The largest sum of one row of a file. */
const MOST = '9223372036854775807';

/**
 * Writes rows, summed: one a key, no rows of zeros. A sum that 64 bits do not hold is filed
 * as several rows of its key, which add up like any rows: readers of our files, and of Parquet at large, know integers of 64 bits. Where rows
 * are sums already, a key that its statement gave twice (a channel that is called as ours for the rest, `(other)`) stays two rows likewise.
 * Few files hold such a sum: the query that splits takes a third longer, and is asked when the plain one fails.
 */
export async function writeSummed<T>(view: Kept, write: (query: string) => Promise<T>): Promise<T> {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const columns = `${dimensions}, ${view.measures.map(quoted).join(', ')}`;
  const sum = (measure: string) => (view.areSums ? quoted(measure) : `sum(${quoted(measure)})`);
  const sums = (type: string) => view.measures.map((m) => `${sum(m)}::${type} AS ${quoted(m)}`).join(', ');
  const nonZero = view.measures.map((measure) => `${sum(measure)} <> 0`).join(' OR ');
  const only = view.areSums ? `WHERE ${nonZero}` : `GROUP BY ${dimensions} HAVING ${nonZero}`;
  const summed = (type: string) =>
    `SELECT ${dimensions}, ${sums(type)} FROM (SELECT ${columns} FROM ${view.rows}) AS given ${only}`;
  try {
    return await write(summed('BIGINT'));
  } catch {
    // A sum beyond 64 bits. What else there may be (a full disk) this query meets too, and throws.
    return write(splitRows(view, summed('HUGEINT')));
  }
}

function splitRows(view: Kept, summed: string): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const fits = view.measures.map((measure) => `${quoted(measure)} BETWEEN -${MOST} AND ${MOST}`).join(' AND ');
  const whole = view.measures.map((measure) => `${quoted(measure)}::BIGINT AS ${quoted(measure)}`).join(', ');
  const parts = `greatest(${view.measures.map((measure) => `abs(${quoted(measure)})`).join(', ')}) // ${MOST} + 1`;
  const part = view.measures
    .map((m) => `(${quoted(m)} * (i + 1) // parts - ${quoted(m)} * i // parts)::BIGINT AS ${quoted(m)}`)
    .join(', ');
  return `WITH summed AS MATERIALIZED (${summed})
    SELECT ${dimensions}, ${whole} FROM summed WHERE ${fits}
    UNION ALL SELECT ${dimensions}, ${part}
      FROM (SELECT *, ${parts} AS parts, unnest(range((${parts})::BIGINT)) AS i FROM summed WHERE NOT (${fits}))`;
}
