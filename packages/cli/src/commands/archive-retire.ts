/** `tributary archive retire` and `archive retirements`: archived events that are older than some days leave the archive. */
import { parseDuration } from '@tributary/importing/events/instant';
import { span } from '@tributary/model/span';
import { DAY_MS } from '@tributary/model/time';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { actorOf } from '../report/actor.ts';
import { bytes, count, counted, instant } from '../terminal/figures.ts';
import { printable, renderFacts, renderTable, renderWide } from '../terminal/table.ts';

type Plan = AnswerOf<'retireArchive'>['plan'];
type Retirement = AnswerOf<'archiveRetirements'>['retirements'][number];

interface RetireOptions {
  readonly olderThan: string;
  readonly dryRun?: boolean;
  readonly confirm?: string;
  readonly why?: string;
}

const ROUTE = '/v1/archive-retirements';

export function fillArchiveRetire(command: Command, act: Act): void {
  command
    .requiredOption('--older-than <days>', 'such as 400d')
    .option('--dry-run', 'only say what would go')
    .option('--confirm <text>', 'what the plan says to repeat; it cannot be undone')
    .option('--why <text>', 'what is noted with it')
    .action(act(retire));
}

export function fillArchiveRetirements(command: Command, act: Act): void {
  command.action(act(list));
}

async function retire(context: Context, { olderThan, dryRun = false, confirm, why }: RetireOptions): Promise<ExitCode> {
  const ms = parseDuration(olderThan);
  if (ms === null || ms <= 0 || ms % DAY_MS !== 0)
    throw new UsageError(`--older-than must be a number of whole days such as 400d (got "${olderThan}")`);
  if (dryRun && confirm !== undefined)
    throw new UsageError(
      `--confirm must stand without --dry-run, which changes nothing (got "${confirm}"). Leave one of them out.`,
    );
  const isPlan = dryRun || confirm === undefined;
  const got = await context.api('admin').post<AnswerOf<'retireArchive'>>(ROUTE, {
    olderThanDays: ms / DAY_MS,
    ...(isPlan ? { dryRun: true } : { confirm }),
    ...(why !== undefined && { why }),
  });
  const { plan, retirement } = got;
  const again = `tributary archive retire --older-than ${olderThan} --confirm ${plan.confirm}`;
  await answer(context, got, () =>
    retirement === null
      ? planText(plan, context)
      : `retirement ${retirement.number}: ${amountText(retirement)} ${retirement.rows === 1 ? 'goes' : 'go'} with the next run ("tributary batch run --wait")`,
  );
  if (!isPlan || dryRun) return EXIT.ok;
  context.terminal.say(
    plan.files === 0
      ? 'nothing is old enough, nothing was asked for'
      : `nothing was asked for. What goes cannot be brought back; to let it go: "${again}"`,
  );
  return EXIT.found;
}

function amountText({ files, rows, bytes: size }: Pick<Plan, 'files' | 'rows' | 'bytes'>): string {
  return `${counted(rows, 'archived event')} in ${counted(files, 'file')} (${bytes(size)})`;
}

function planText(plan: Plan, { terminal: { width, bold }, shell }: Context): string {
  const { before, newestBefore, staying, corrections, months } = plan;
  const facts: [string, string][] = [
    [
      'older than',
      `${instant(before)}, ${span(shell.now() - before)} ago; at least ${span(shell.now() - newestBefore)} must be kept`,
    ],
    ['goes', amountText(plan)],
    [
      'stays',
      staying.files === 0
        ? 'nothing older'
        : `${counted(staying.files, 'file')} of ${counted(staying.rows, 'event')}, older and younger ones, or newer than the oldest kept generation${copiedText(staying)}`,
    ],
    ['answers', 'stay as they are: generations keep what they computed of these events'],
    ...(corrections.length === 0
      ? []
      : ([
          [
            'for good',
            `the corrections ${corrections.map((name) => `"${name}"`).join(', ')}: they begin earlier, and cannot change any more`,
          ],
        ] as [string, string][])),
    ['confirm', plan.confirm],
  ];
  const table = renderTable(
    {
      columns: [{ title: 'month of the events' }, { title: 'archived events', align: 'right' }],
      rows: months.map(({ month, rows }) => [month, count(rows)]),
    },
    bold,
  );
  return [renderFacts(facts, undefined, width), ...(months.length === 0 ? [] : ['', table])].join('\n');
}

function copiedText({ copied }: Plan['staying']): string {
  if (copied === null) return ', and those of which the run finds an event again in younger files';
  return copied === 0 ? '' : `; ${counted(copied, 'file')} of these with an event that came again in a younger file`;
}

async function list(context: Context): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'archiveRetirements'>>(ROUTE);
  await answer(context, got, () => listText(got, context));
  return EXIT.ok;
}

function listText({ retiredBefore, retirements }: AnswerOf<'archiveRetirements'>, { terminal }: Context): string {
  const head =
    retiredBefore === null ? 'the archive lacks no events' : `the archive may lack events before ${instant(retiredBefore)}`;
  if (retirements.length === 0) return head;
  const columns = [
    { title: 'number' },
    { title: 'state', wraps: true },
    { title: 'before' },
    { title: 'events' },
    { title: 'by' },
    { title: 'why', wraps: true },
  ];
  const rows = retirements.map((one) => [
    String(one.number),
    stateOf(one),
    instant(one.before),
    count(one.rows),
    printable(actorOf(one.by)),
    printable(one.why ?? ''),
  ]);
  return `${head}\n\n${renderWide({ columns, rows }, terminal.width, terminal.bold)}`;
}

function stateOf({ state, endedAt, refusedBecause }: Retirement): string {
  if (endedAt === null) return 'waits for the next run';
  return state === 'done' ? `done ${instant(endedAt)}` : `refused: ${printable(refusedBecause ?? '')}`;
}
