/** `tributary schedules …`: when runs of the batch layer begin by themselves. */
import { parseDuration } from '@tributary/importing/events/instant';
import { LONGEST_SCHEDULE_MS, SHORTEST_SCHEDULE_MS } from '@tributary/model/schedule-bounds';
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { promotionOf } from '../flags/promotion.ts';
import { actorOf } from '../report/actor.ts';
import { instant } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Schedule = AnswerOf<'schedules'>['schedules'][number];

interface SetOptions {
  readonly every?: string;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly full?: boolean;
  readonly promote: string;
  readonly catchUp: string;
}

export function fillSchedules(schedules: Command, act: Act): void {
  schedules.command('list').description('each schedule, and when its next runs are due').action(act(list));
  schedules
    .command('set')
    .description('set a schedule, whatever it was before; in force at once')
    .argument('<name>', 'default, or another name')
    .option('--every <duration>', 'time between two runs: 15m')
    .option('--cron <fields>', 'minute, hour, day of the month, month, day of the week: "30 3 * * 1"')
    .option('--time-zone <name>', 'of --cron: Europe/Berlin (default: UTC)')
    .option('--full', 'its runs recompute everything')
    .option('--promote <rule>', 'when readers get it: auto, ask, or "if-below 0.5%" of every sum moves', 'auto')
    .option('--catch-up <rule>', 'after a time without a worker: once, or skip (no run more than ten minutes late)', 'once')
    .action(act(set));
  for (const [name, does] of [
    ['pause', 'let a schedule begin no run until it is resumed'],
    ['resume', 'let a paused schedule begin runs again'],
  ] as const)
    schedules
      .command(name)
      .description(does)
      .argument('<name>')
      .action(act((context: Context, schedule: string) => move(context, schedule, name)));
  schedules.command('remove').description('remove a schedule; default is paused instead').argument('<name>').action(act(remove));
}

async function list(context: Context): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'schedules'>>('/v1/schedules');
  await answer(context, got, () => tableOf(got.schedules, context.terminal));
  return EXIT.ok;
}

async function set(context: Context, name: string, options: SetOptions): Promise<ExitCode> {
  const { every, cron, timeZone, full, catchUp } = options;
  if ((every === undefined) === (cron === undefined))
    throw new UsageError(
      `--every or --cron must be given, and not both (got ${every === undefined ? 'neither' : 'both'}). Choose one: --every 15m, or --cron "30 3 * * *"`,
    );
  if (timeZone !== undefined && cron === undefined) throw new UsageError(`--time-zone must come with --cron (got "${timeZone}")`);
  if (catchUp !== 'once' && catchUp !== 'skip') throw new UsageError(`--catch-up must be once or skip (got "${catchUp}")`);
  const everyMs = every === undefined ? undefined : parseDuration(every);
  if (everyMs === null || (everyMs !== undefined && (everyMs < SHORTEST_SCHEDULE_MS || everyMs > LONGEST_SCHEDULE_MS)))
    throw new UsageError(`--every must be a duration from 10s to 7d, such as 15m (got "${every}")`);
  const promote = promotionOf(options.promote);
  const got = await context.api('admin').post<AnswerOf<'setSchedule'>>(`/v1/schedules/${encodeURIComponent(name)}`, {
    ...(everyMs === undefined ? { cron, timeZone: timeZone ?? 'UTC' } : { everyMs }),
    mode: full === true ? 'full' : 'incremental',
    ...(promote !== undefined && { promote }),
    catchUp,
  });
  await answer(context, got, () => tableOf([got.schedule], context.terminal));
  return EXIT.ok;
}

async function move(context: Context, name: string, action: 'pause' | 'resume'): Promise<ExitCode> {
  const got = await context
    .api('admin')
    .post<AnswerOf<'pauseSchedule'>>(`/v1/schedules/${encodeURIComponent(name)}/${action}`, {});
  await answer(context, got, () => tableOf([got.schedule], context.terminal));
  return EXIT.ok;
}

async function remove(context: Context, name: string): Promise<ExitCode> {
  const got = await context.api('admin').delete<AnswerOf<'removeSchedule'>>(`/v1/schedules/${encodeURIComponent(name)}`);
  await answer(context, got, () => `schedule ${got.removed} is removed`);
  return EXIT.ok;
}

function tableOf(schedules: readonly Schedule[], { width, bold }: Terminal): string {
  if (schedules.length === 0)
    return 'no schedule: runs begin on demand alone; "tributary schedules set default --every 15m" sets one';
  const columns = [
    { title: 'schedule' },
    { title: 'when' },
    { title: 'runs' },
    { title: 'next', wraps: true },
    { title: 'last' },
    { title: 'by' },
  ];
  return renderWide({ columns, rows: schedules.map(rowOf) }, width, bold);
}

function rowOf(one: Schedule): string[] {
  const { name, everyMs, cron, timeZone, mode, promote, catchUp, paused, next, lastDoneAt, by } = one;
  const rule = promote === 'auto' ? [] : [promote === 'ask' ? 'staged' : `staged, by itself below ${promote.below * 100} %`];
  return [
    name,
    everyMs === null ? `${cron} ${timeZone}` : `every ${span(everyMs)}`,
    [mode, ...rule, ...(catchUp === 'skip' ? ['not late'] : [])].join(', '),
    paused ? 'paused' : next.map(instant).join(', '),
    lastDoneAt === null ? '' : instant(lastDoneAt),
    actorOf(by),
  ];
}
