/** `tributary reconcile show | trend`: where real time differed from the recomputed truth, and why. */
import type { Command } from 'commander';
import { type ApiClient, orWhere } from '../api-client.ts';
import type { AnswerOf, Generations, Reconciliation } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { numberOf } from '../flags/generation-number.ts';
import { reconciliationText, SEEN, type Sides } from '../report/reconciliation.ts';
import { classNames, labelOfClass, largestSmape, matchRate } from '../report/reconciliation-classes.ts';
import { formatOf, putRecords } from '../report/record-output.ts';
import type { Field, Records } from '../report/records.ts';
import { count, counted, instant, percent } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';

type Reconciled = AnswerOf<'reconciliation'>;

export function fillReconcile(reconcile: Command, act: Act): void {
  reconcile
    .command('show')
    .description('what readers saw before a generation was published, against what it computed; exit 1 when they differ')
    .argument('[generation]', 'default: the newest that was compared')
    .option('--tolerance <percent>', 'exit 0 where no sum is off by more (2 · Σ |difference| of Σ |seen| + |computed|), as 0.5%')
    .option('--rows <view>', 'the listed rows of a view, a column a class; as credit')
    .option('--format <name>', 'of --rows: csv, ndjson or parquet; default: by the name of --out, else csv')
    .option('--out <file>', 'write --rows there instead of to standard output')
    .option('--all', 'the sums of views that do not differ as well')
    .action(act(show));
  reconcile
    .command('trend')
    .description('how far real time was off, generation by generation, and why')
    .option('--limit <n>', 'how many generations', '20')
    .action(act(trend));
}

interface ShowOptions extends RowsOptions {
  readonly tolerance?: string;
  readonly all?: true;
}

export interface RowsOptions {
  readonly rows?: string;
  readonly format?: string;
  readonly out?: string;
}

async function show(context: Context, text: string | undefined, options: ShowOptions): Promise<ExitCode> {
  const { tolerance, rows, out, all } = options;
  const below = tolerance === undefined ? 0 : toleranceOf(tolerance);
  const form = rowsFormat(context, options);
  const api = context.api('read');
  const got =
    text === undefined
      ? (await api.get<AnswerOf<'reconciliations'>>('/v1/reconciliations', { limit: 1 })).reconciliations[0]
      : await orWhere(
          api.get<Reconciled>(`/v1/reconciliations/${numberOf(text)}`),
          'See "tributary batch status": reconciliations are deleted with their generation (state "retired"), and a failed one never had any.',
        );
  if (got === undefined) {
    context.terminal.say('no generation was compared yet: the first reconciliation comes with the second generation');
    if (context.json) await answer(context, null, () => '');
    return EXIT.found;
  }
  if (text === undefined) await sayWhatIsNewer(context, api, got.generation);
  const { reconciliation } = got;
  if (rows !== undefined && form !== null) await putRows(context, viewOf(reconciliation, rows), { form, out });
  else await answer(context, got, () => reconciliationText(reconciliation, context.terminal, all === true));
  return isWithin(reconciliation, below) ? EXIT.ok : EXIT.found;
}

/** A generation is compared after it is published: right after a run the newest comparison is still that of the one before. */
async function sayWhatIsNewer({ terminal }: Context, api: ApiClient, compared: number): Promise<void> {
  const served = (await api.get<Generations>('/v1/generations', { limit: 1 })).publication?.generation ?? 0;
  if (served > compared)
    terminal.say(
      `generation ${served} is published and not compared yet: this is the comparison of generation ${compared}. Ask again in a moment`,
    );
}

/** Equal, or known whole and off by no more than this; a defect of the engine never passes. */
function isWithin(report: Reconciliation, tolerance: number): boolean {
  if (report.equal) return true;
  const smape = largestSmape(report);
  const isKnown = report.failure === undefined && report.because.speedBehind.length === 0 && smape !== null;
  return isKnown && (report.engineDefectRows ?? 0) === 0 && smape <= tolerance;
}

function toleranceOf(text: string): number {
  const given = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text)?.[1];
  if (given === undefined || Number(given) > 200)
    throw new UsageError(`--tolerance must be a percentage from 0% to 200% (got "${text}"). Write it as 0.5%`);
  return Number(given) / 100;
}

/** null: the report itself is asked for. */
export function rowsFormat(context: Context, options: RowsOptions): 'csv' | 'ndjson' | 'parquet' | null {
  const { rows, format, out } = options;
  if (rows === undefined && format === undefined && out === undefined) return null;
  if (rows === undefined) throw new UsageError('--rows must name a view with --format or --out (got none). Write --rows credit');
  const form = format === undefined && out === undefined && !context.json ? 'csv' : formatOf(context, options);
  if (form !== 'table' && form !== 'json') return form;
  throw new UsageError(
    `--rows must be written as csv, ndjson or parquet (got ${form}). --json has the whole report, without --rows`,
  );
}

type View = Reconciliation['views'][string];

export function viewOf({ views }: Pick<Reconciliation, 'views'>, name: string): View {
  const view = Object.hasOwn(views, name) ? views[name] : undefined;
  if (view !== undefined) return view;
  throw new UsageError(
    `--rows must be a view that was compared (got "${name}"). ${Object.keys(views).length === 0 ? 'None was' : `It has: ${Object.keys(views).join(', ')}`}`,
  );
}

/** Who opens the file must not take the listed rows for all of them. */
export async function putRows(
  context: Context,
  view: View,
  { form, out, sides = SEEN }: { form: 'csv' | 'ndjson' | 'parquet'; out: string | undefined; sides?: Sides },
): Promise<void> {
  const { rows, rowsDiffering } = view;
  if (rowsDiffering > rows.length)
    context.terminal.say(
      `${counted(rows.length, 'row')} of the ${count(rowsDiffering)} that differ, those with the largest differences: a reconciliation keeps no more. Sums and classes over all: --json without --rows`,
    );
  await putRecords(context, recordsOf(view, sides), form, out);
}

/** A row a key and measure that differs: what was before and after, and what each class has of the difference. */
function recordsOf(view: View, sides: Sides): Records {
  const classes = classNames({ views: { view } });
  const dimensions = view.dimensions ?? Object.keys(view.rows[0]?.key ?? {});
  const rows = view.rows.flatMap(({ key, measures, classes: parts = {} }) =>
    Object.entries(measures)
      .filter(([, { difference }]) => difference !== 0)
      .map(([measure, { before, after, difference }]) => [
        ...dimensions.map((dimension) => key[dimension] ?? ''),
        measure,
        ...[before, after, difference, ...classes.map((one) => parts[one]?.[measure] ?? 0)],
      ]),
  );
  const fieldsOf = (names: readonly string[], type: 'text' | 'integer'): Field[] => names.map((field) => ({ name: field, type }));
  const sums = fieldsOf([...sides, 'difference', ...classes], 'integer');
  return { fields: [...fieldsOf([...dimensions, 'measure'], 'text'), ...sums], rows };
}

async function trend(context: Context, { limit }: { readonly limit: string }): Promise<ExitCode> {
  const asked = { limit: numberOf(limit) };
  const got = await context.api('read').get<AnswerOf<'reconciliations'>>('/v1/reconciliations', asked);
  await answer(context, got.reconciliations.map(pointOf), () => trendText(got.reconciliations, context.terminal));
  return EXIT.ok;
}

/** A generation of the trend: how far off, and rows by class. */
function pointOf({ generation, reconciliation }: Reconciled) {
  const { at, equal, engineDefectRows = null } = reconciliation;
  return {
    ...{ generation, at, equal, matchRate: matchRate(reconciliation), smape: largestSmape(reconciliation), engineDefectRows },
    rows: Object.fromEntries(classNames(reconciliation).map((name) => [name, rowsOfClass(reconciliation, name)])),
  };
}

function rowsOfClass({ views }: Reconciliation, name: string): number {
  return Object.values(views).reduce((sum, { classes = {} }) => sum + (classes[name]?.rows ?? 0), 0);
}

function trendText(reconciliations: readonly Reconciled[], { width, bold }: Context['terminal']): string {
  if (reconciliations.length === 0) return 'no generation was compared yet';
  const classes = classNames({ views: Object.assign({}, ...reconciliations.map(viewsApart)) });
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    right('generation'),
    { title: 'made' },
    right('match rate'),
    right('SMAPE'),
    ...classes.map((name) => right(labelOfClass(name))),
  ];
  const rows = reconciliations.map((one) => {
    const { matchRate: rate, smape, at } = pointOf(one);
    return [
      String(one.generation),
      instant(at),
      rate === null ? '–' : percent(Math.floor(rate * 10_000) / 10_000, 2),
      smape === null ? '–' : smape.toFixed(6),
      ...classes.map((name) => count(rowsOfClass(one.reconciliation, name))),
    ];
  });
  return `rows of all views that differ, by class\n${renderWide({ columns, rows }, width, bold)}`;
}

/** Views of each generation under names of their own. */
function viewsApart({ generation, reconciliation }: Reconciled): Reconciliation['views'] {
  return Object.fromEntries(Object.entries(reconciliation.views).map(([name, view]) => [`${generation} ${name}`, view]));
}
