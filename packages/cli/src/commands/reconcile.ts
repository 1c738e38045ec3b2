/** `tributary reconcile show | trend`: where real time differed from the recomputed truth, and why. */
import { csvCell, csvText } from '@tributary/contract/csv';
import type { Command } from 'commander';
import { orWhere } from '../api-client.ts';
import type { AnswerOf, Reconciliation } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { reconciliationText } from '../report/reconciliation.ts';
import { classNames, labelOfClass, largestSmape, matchRate } from '../report/reconciliation-classes.ts';
import { count, instant, percent } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import { numberOf } from './batch.ts';

type Reconciled = AnswerOf<'reconciliation'>;

export function addReconcile(program: Command, act: Act): void {
  const reconcile = program.command('reconcile').description('real time against the recomputed truth');
  reconcile
    .command('show')
    .description('what readers saw before a generation was published, against what it computed; exit 1 when they differ')
    .argument('[generation]', 'default: the newest that was compared')
    .option('--tolerance <percent>', 'exit 0 where no sum is off by more (2 · Σ |difference| of Σ |seen| + |computed|), as 0.5%')
    .option('--csv <view>', 'the listed rows of a view as CSV, a column a class; as credit')
    .action(act(show));
  reconcile
    .command('trend')
    .description('how far real time was off, generation by generation, and why')
    .option('--limit <n>', 'how many generations', '20')
    .action(act(trend));
}

interface ShowOptions {
  readonly tolerance?: string;
  readonly csv?: string;
}

async function show(context: Context, text: string | undefined, { tolerance, csv }: ShowOptions): Promise<ExitCode> {
  const below = tolerance === undefined ? 0 : toleranceOf(tolerance);
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
  const { reconciliation } = got;
  if (csv !== undefined) await context.terminal.data(csvOf(reconciliation, csv));
  else await answer(context, got, () => reconciliationText(reconciliation, context.terminal));
  return isWithin(reconciliation, below) ? EXIT.ok : EXIT.found;
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

function csvOf(report: Reconciliation, name: string): string {
  const view = report.views[name];
  if (view === undefined)
    throw new UsageError(
      `--csv must be a view that was compared (got "${name}"). It has: ${Object.keys(report.views).join(', ')}`,
    );
  const classes = classNames({ views: { [name]: view } });
  const dimensions = Object.keys(view.rows[0]?.key ?? {});
  const lines = view.rows.flatMap(({ key, measures, classes: parts = {} }) =>
    Object.entries(measures)
      .filter(([, { difference }]) => difference !== 0)
      .map(([measure, { before, after, difference }]) => [
        ...dimensions.map((dimension) => csvText(key[dimension] ?? '')),
        measure,
        ...[before, after, difference, ...classes.map((one) => parts[one]?.[measure] ?? 0)].map(String),
      ]),
  );
  const head = [...dimensions, 'measure', 'seen', 'computed', 'difference', ...classes].map(csvCell);
  return [head, ...lines].map((cells) => cells.join(',')).join('\n');
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
