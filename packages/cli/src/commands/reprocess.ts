/** `tributary reprocess plan`: what a run of the batch layer would read, and for how long. It changes nothing. */
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { definitionsAsWritten } from '../report/definition-file.ts';
import { bytes, count, counted, instant, percent } from '../terminal/figures.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addCompare } from './reprocess-compare.ts';

type Plan = AnswerOf<'planReprocessing'>['plan'];

interface PlanOptions {
  readonly full?: boolean;
  readonly definitions?: string;
  readonly from?: string;
  readonly to?: string;
  readonly users?: string;
  readonly views?: string;
}

export function fillReprocess(reprocess: Command, act: Act): void {
  reprocess
    .command('plan')
    .description('what the next run would read, what it builds upon, and how long it would take')
    .option('--full', 'of a run that recomputes everything')
    .option('--definitions <file>', 'of a run that brings these definitions (YAML or JSON)')
    .option('--from <instant>', 'and whether it may change rows of these days: from this one on (UTC)')
    .option('--to <instant>', 'of days before this instant')
    .option('--users <keys>', 'rows to which these users add, comma-separated')
    .option('--views <names>', 'rows of these views, comma-separated')
    .action(act(plan));
  addCompare(reprocess, act);
}

async function plan(context: Context, { full, definitions, ...asked }: PlanOptions): Promise<ExitCode> {
  const body = {
    dryRun: true,
    mode: full === true ? 'full' : 'incremental',
    ...(definitions !== undefined && {
      definitions: await definitionsAsWritten(context.shell.cwd, definitions, '--definitions'),
    }),
    ...(Object.keys(asked).length > 0 && { within: withinOf(asked) }),
  };
  const got = await context.api('admin').post<AnswerOf<'planReprocessing'>>('/v1/reprocessing', body);
  await answer(context, got, () => textOf(got.plan, context.terminal));
  return EXIT.ok;
}

function withinOf({ users, views, ...days }: Omit<PlanOptions, 'full' | 'definitions'>): object {
  const names = (list: string) => list.split(',').map((name) => name.trim());
  return { ...days, ...(users !== undefined && { users: names(users) }), ...(views !== undefined && { views: names(views) }) };
}

const FULL_BECAUSE: Readonly<Record<NonNullable<Plan['fullBecause']>, string>> = {
  asked: 'as asked',
  nothing_computed: 'no generation is published whose files are there',
  erased_since: 'the published generation is of an older copy, and counts users who were erased since',
  fields_missing: 'the events of the published generation lack a field that this version, or these definitions, keep',
  counted_once_changed: 'these definitions count conversions once by a key that the published generation did not read',
};

const UNKNOWN: Readonly<Record<Plan['unknown'][number], string>> = {
  not_archived_yet: 'how many events are in the log alone, which are read as well',
  definitions_file: 'whether the file of definitions was edited since',
  program: 'whether another version computes it, which computes all rows again',
  too_few_runs: 'how long it takes: fewer than three such runs are known',
  rows_again: 'how long it takes: all rows are computed again, of which earlier runs say nothing',
  corrections_changed: 'how long it takes: earlier runs say nothing of changed corrections',
  definitions_changed: 'how long it takes: other definitions compute all rows again, of which earlier runs say nothing',
  erasures: 'which rows lose a user who was erased since',
  rows_of_users: 'which events of their partitions are of these users',
};

type Within = NonNullable<Plan['within']>;

const STALE: Readonly<Record<Within['views'][number]['because'][number], string>> = {
  not_computed: 'not computed yet',
  full: 'all of the archive is computed',
  definitions: 'other definitions',
  corrections: 'corrections changed',
  new_events: 'new events',
};

function withinText({ partitions, views }: Within, bold: Terminal['bold']): string {
  const rows = views.map(({ view, because, rows: read, reread }) => [
    view,
    because.length === 0 ? 'stay as they are' : `may change: ${because.map((reason) => STALE[reason]).join(', ')}`,
    count(read + reread),
  ]);
  const columns = [
    { title: 'view' },
    { title: 'rows that were asked about' },
    { title: 'events near them', align: 'right' as const },
  ];
  return [
    '',
    renderTable({ columns, rows }, bold),
    `in ${counted(partitions, 'partition')}, at most: files are of a day and a partition`,
  ].join('\n');
}

function textOf(planned: Plan, { width, bold }: Terminal): string {
  const { archive, reread, kept, base, days, olderRows, unknown } = planned;
  const facts: [string, string][] = [
    ['run', runText(planned)],
    ...(planned.retiredBefore === null
      ? []
      : ([['retired', `events before ${instant(planned.retiredBefore)}, of which the archive has none or some`]] as [
          string,
          string,
        ][])),
    [
      'definitions',
      `${planned.definitionsVersion}${planned.definitionsChange ? ', others than those of the published generation' : ''}`,
    ],
    [
      'reads',
      `${counted(archive.rows, 'archived event')} in ${counted(archive.files, 'file')} (${bytes(archive.bytes)}) of ${counted(archive.partitions, 'partition')}`,
    ],
    ...(reread === null
      ? []
      : ([
          [
            'reads again',
            `${counted(reread.rows, 'archived event')} in ${counted(reread.files, 'file')} (${bytes(reread.bytes)}) of days in which corrections changed`,
          ],
          ...(planned.mayBeFull
            ? [
                [
                  'or',
                  'all of the archive, where more than 30 % of the touches and conversions lie near events that change: it asks some partitions first',
                ],
              ]
            : []),
        ] as [string, string][])),
    ...(base === null
      ? []
      : ([
          [
            'keeps',
            `${counted(kept.files, 'file')} of generation ${base} (${bytes(kept.bytes)}), of which it reads what these events touch`,
          ],
        ] as [string, string][])),
    ['waits', waits(planned)],
    ['takes', takes(planned)],
    ...(unknown.length === 0 ? [] : ([['not known', unknown.map((code) => UNKNOWN[code]).join('; ')]] as [string, string][])),
  ];
  const rows = days.map(({ date, rows: of }) => [date, count(of)]);
  if (olderRows > 0) rows.push(['older', count(olderRows)]);
  const table = renderTable(
    { columns: [{ title: 'day of the events' }, { title: 'archived events', align: 'right' }], rows },
    bold,
  );
  return [
    renderFacts(facts, undefined, width),
    ...(rows.length === 0 ? [] : ['', table]),
    ...(planned.within === null ? [] : [withinText(planned.within, bold)]),
  ].join('\n');
}

function runText({ base, fullBecause, rowsAgain }: Plan): string {
  if (fullBecause !== null) return `full: ${FULL_BECAUSE[fullBecause]}`;
  return rowsAgain
    ? `all rows again, from the events that generation ${base} keeps: the archive lacks some`
    : `incremental, upon generation ${base}`;
}

/** Behind the archive, in the log. */
function waits({ notArchived, archive }: Plan): string {
  if (notArchived === null) return 'not known: the log did not say';
  const { partitions, oldestMs } = notArchived;
  if (partitions === 0) return 'nothing: all of the log is archived';
  return `entries of ${partitions} of ${counted(archive.partitions, 'partition')} that are not archived yet, the oldest for ${span(Math.round(oldestMs))}`;
}

function takes({ estimate, mode }: Plan): string {
  if (estimate === null) return 'not known';
  const { seconds, medianError, runs } = estimate;
  return `about ${span(Math.round(seconds * 1_000))}, by ${runs} earlier ${mode} runs; half of them were off by more than ${percent(medianError, 0)}`;
}
