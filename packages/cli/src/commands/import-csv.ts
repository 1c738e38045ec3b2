/** `tributary import csv FILE --map …`: events from a table, a row an event or a row a user's whole path. */

import { type CsvOptions, createRowReader, type RowReader } from '@tributary/importing/csv/csv-events';
import { type LongColumns, type PathColumns, resolveMap } from '@tributary/importing/csv/csv-map';
import { type CsvSummary, createCsvSummary } from '@tributary/importing/csv/csv-summary';
import { createOccurrenceIds, REMEMBERED } from '@tributary/importing/events/occurrences';
import { createRepeatedIds } from '@tributary/importing/events/repeated-ids';
import { csvRows } from '@tributary/importing/files/csv-rows';
import { demandWholeEnd } from '@tributary/importing/files/cut-row';
import { inflated } from '@tributary/importing/files/lines';
import { openInput } from '@tributary/importing/files/open-input';
import { objectionTo } from '@tributary/importing/sending/load';
import { isCurrency, noCurrency } from '@tributary/model/amounts/currency';
import { refusalText } from '@tributary/model/refusal';
import { answer, type Context } from '../context.ts';
import { type ExitCode, UsageError } from '../exit.ts';
import { costsOf, separatorOf, timesOf } from '../flags/csv-flags.ts';
import { amounts, count, counted, instant } from '../terminal/figures.ts';
import { printable, renderTable } from '../terminal/table.ts';
import { uncountedTypes } from '../uncounted-types.ts';
import { importOutcome, loadFor, platformOf, problemLines, progressText, sentFacts } from './import-run.ts';

export interface CsvFlags {
  readonly map: string;
  readonly separator?: string;
  readonly assignTimes?: string;
  readonly type: string;
  readonly touchType: string;
  readonly conversionType: string;
  readonly currency?: string;
  readonly cost?: string;
  readonly minor?: boolean;
  readonly decimalComma?: boolean;
  readonly dryRun?: boolean;
  readonly beside?: boolean;
  readonly strict?: boolean;
}

export async function importCsv(context: Context, file: string, options: CsvFlags): Promise<ExitCode> {
  const { terminal, shell } = context;
  const csvOptions = csvOptionsOf(options);
  const separator = separatorOf(options.separator);
  if (file !== '-' && (await shell.isFile(file)))
    await demandWholeEnd(inflated(openInput(context.shell, file), file), file, separator);
  const load = loadFor(context, { dryRun: options.dryRun === true, beside: options.beside === true });
  const summary = createCsvSummary();
  const uncompared = new Set<string>();
  const repeated = createRepeatedIds(REMEMBERED, () => uncompared.add(IDS_FURTHER_APART));
  let columns: LongColumns | PathColumns | undefined;
  let read: RowReader | undefined;
  /** Ids that are made of the rows differ where these do. */
  let namesIds = false;
  let endsOpen = false;
  const rows = csvRows(inflated(openInput(context.shell, file), file), separator, summary.problem, () => {
    endsOpen = true;
  });
  for await (const row of rows) {
    if (columns === undefined || read === undefined) {
      columns = resolveMap(options.map, row.fields);
      checkTimes(columns, options);
      read = createRowReader(
        columns,
        csvOptions,
        createOccurrenceIds(REMEMBERED, () => uncompared.add(ROWS_FURTHER_APART)),
      );
      namesIds = columns.kind === 'long' && columns.at.has('id');
      continue;
    }
    const events = summary.row(
      row.line,
      read(row.fields),
      (event) => objectionTo(event, shell.now()) ?? (namesIds ? repeated(event, row.line) : null),
    );
    for (const event of events) await load.add(event);
    if (summary.rows % 1_000 === 0) terminal.progress(progressText(summary.rows, 'row', summary.events));
  }
  if (columns === undefined)
    throw new UsageError(`${file} must begin with a header line (got an empty file). Write the names of its columns there.`);
  const sent = await load.finish();
  terminal.progressEnd();

  problemLines(terminal, summary.problems, 'row with a problem', 'rows with a problem');
  await answer(context, { file, ...summaryJson(summary), sent }, () => [summaryText(summary), ...sentFacts(sent)].join('\n'));
  if (endsOpen) terminal.say(OPEN_END);
  for (const sentence of await uncountedIn(context, summary)) terminal.say(printable(`note: ${sentence}`));
  for (const sentence of uncompared) terminal.say(`note: ${sentence}`);
  const noneFits = summary.problems.count === summary.rows;
  if (noneFits) terminal.say(`no row of "${file}" is an event: nothing was imported`);
  return importOutcome(context, sent, noneFits || (options.strict === true && summary.problems.count > 0));
}

async function uncountedIn(context: Context, { types }: CsvSummary): Promise<string[]> {
  const api = platformOf(context);
  return api === null ? [] : uncountedTypes(api, types);
}

const IDS_FURTHER_APART = `ids further apart than ${count(REMEMBERED)} different ones were not compared: of rows with one id and user the first counts, and others that say something else are not named then.`;
const ROWS_FURTHER_APART = `rows further apart than ${count(REMEMBERED)} different ones were not compared: equal ones that lie so far apart got one id, and count once. A column of ids (--map id=COLUMN) distinguishes them.`;

/** Many exports end so; a file that is still being written does too, and its last amount may be cut. */
const OPEN_END =
  'warning: the last line has no line end: is the file complete? If a row was cut, it stays as it is, and the whole row of a later import counts beside it.';

function csvOptionsOf(options: CsvFlags): CsvOptions {
  if (options.currency !== undefined && !isCurrency(options.currency))
    throw new UsageError(refusalText(noCurrency(options.currency, '--currency')));
  return {
    type: options.type,
    touchType: options.touchType,
    conversionType: options.conversionType,
    currency: options.currency,
    minor: options.minor === true,
    decimalMark: options.decimalComma === true ? ',' : '.',
    costs: costsOf(options.cost),
    times: timesOf(options.assignTimes),
  };
}

function checkTimes(columns: LongColumns | PathColumns, { assignTimes }: CsvFlags): void {
  if (columns.kind === 'path' && assignTimes === undefined)
    throw new UsageError(
      '--assign-times must say when the touches of a path file happened (got none). Give START[,STEP], for instance 2026-11-01,1h.',
    );
  if (columns.kind === 'long' && assignTimes !== undefined)
    throw new UsageError(
      `--assign-times must go with a path file (got "${assignTimes}" and a --map that names the time). Leave it out, or map path=….`,
    );
}

function summaryJson(summary: CsvSummary) {
  const { rows, events, users, problems, types, channels, firstTs, lastTs } = summary;
  return { rows, events, users, problems, currencies: [...summary.currencies], types, channels, firstTs, lastTs };
}

export function summaryText(summary: CsvSummary): string {
  const [currency = '', ...more] = summary.currencies;
  const amount = (minor: ReadonlyMap<string, number>) => amounts(minor, more.length === 0 ? currency : '');
  const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const types = renderTable({
    columns: [{ title: 'type' }, right('events'), right('cost'), right('value')],
    rows: [...summary.types].sort(byName).map(([type, t]) => [type, count(t.events), amount(t.costMinor), amount(t.valueMinor)]),
    total: ['total', count(summary.events), amount(summary.costMinor), amount(summary.valueMinor)],
  });
  const channels = renderTable({
    columns: [{ title: 'channel' }, right('events'), right('cost')],
    rows: [...summary.channels].sort(byName).map(([channel, t]) => [channel, count(t.events), amount(t.costMinor)]),
  });
  const period =
    summary.firstTs === null || summary.lastTs === null ? '' : `, ${instant(summary.firstTs)} to ${instant(summary.lastTs)}`;
  const facts = `${counted(summary.rows, 'row')}, ${count(summary.problems.count)} with a problem, ${counted(summary.users, 'user')}${period}`;
  return [types, '', ...(summary.channels.size > 0 ? [channels, ''] : []), facts].join('\n');
}
