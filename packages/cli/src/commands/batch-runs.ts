/** `tributary batch runs | cancel`: runs of the batch layer, whatever became of them. */
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { counted, instant } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Run = AnswerOf<'run'>;

export function addBatchRuns(batch: Command, act: Act): void {
  batch
    .command('runs')
    .description('runs that wait, the one under way, and those that ended or failed, newest first')
    .option('--limit <n>', 'how many', '20')
    .action(act(runs));
  batch
    .command('cancel')
    .description('cancel a run that waits or is under way: readers keep what they have')
    .argument('[id]', 'default: the one under way, else the one that waits the longest')
    .option('--why <text>', 'kept with the run')
    .action(act(cancel));
  batch
    .command('retry')
    .description('ask again for what a run asked for that failed or was cancelled, its definitions included')
    .argument('[id]', 'default: the newest of them')
    .action(act(retry));
}

async function retry(context: Context, id: string | undefined): Promise<ExitCode> {
  const api = context.api('admin');
  const { runs: all } = id === undefined ? await api.get<AnswerOf<'runs'>>('/v1/runs', { limit: '1000' }) : { runs: [] };
  const wanted = id ?? all.find(({ state }) => state === 'failed' || state === 'cancelled')?.id;
  if (wanted === undefined)
    throw new CommandError({
      code: 'conflict',
      message: 'a run that failed or was cancelled does not exist',
      fix: 'See "tributary batch runs"; "tributary batch run" asks for a new one.',
    });
  const got = await api.post<AnswerOf<'retryRun'>>(`/v1/runs/${encodeURIComponent(wanted)}/retry`, {});
  await answer(
    context,
    got,
    () =>
      `asked again for what run ${wanted} asked for, ${got.joined ? 'with one that waits already' : 'as a new one'}: ${got.jobId}`,
  );
  return EXIT.ok;
}

async function cancel(context: Context, id: string | undefined, { why }: { readonly why?: string }): Promise<ExitCode> {
  const api = context.api('admin');
  const wanted = id ?? openRun((await api.get<AnswerOf<'runs'>>('/v1/runs', { limit: '1000' })).runs);
  if (wanted === null)
    throw new CommandError({
      code: 'conflict',
      message: 'a run that waits or is under way does not exist',
      fix: 'See "tributary batch runs".',
    });
  const got = await api.post<AnswerOf<'cancelRun'>>(
    `/v1/runs/${encodeURIComponent(wanted)}/cancel`,
    why === undefined ? {} : { why },
  );
  await answer(context, got, () => cancelledText(got));
  return EXIT.ok;
}

/** Newest first: the one under way, else the oldest that waits. */
function openRun(all: readonly Run[]): string | null {
  return (all.find(({ state }) => state === 'running') ?? all.findLast(({ state }) => state === 'waiting'))?.id ?? null;
}

function cancelledText({ id, bringsDefinitions, generation, ...run }: Run): string {
  const brought =
    bringsDefinitions && generation !== null
      ? '\nIts definitions may be in force in real time already: the next run takes them back, and until then answers are incomplete.'
      : '';
  const others = joinedBy(run);
  const joined =
    others.length === 0 ? '' : `\nOthers had asked for it as well (${others.join(', ')}): let them know, or they ask again.`;
  return `run ${id} is cancelled: readers keep what they have${brought}${joined}`;
}

/** An API of an earlier version does not say it. */
function joinedBy(run: Partial<Pick<Run, 'joinedBy'>>): readonly string[] {
  return run.joinedBy ?? [];
}

/** An API of an earlier version does not say it. */
function priorityText({ priority = 'normal' }: Partial<Pick<Run, 'priority'>>): readonly string[] {
  return priority === 'normal' ? [] : [`priority ${priority}`];
}

/** How far a run is, for who waits; null: it does not say. */
export function progressText({ progress, generation }: Run): string | null {
  // An API of an earlier version does not know it.
  if (!progress || generation === null) return null;
  const { stage, rows, percent: done, remainingMs, shards } = progress;
  const parts = [
    `generation ${generation}: ${stage}`,
    ...(rows === null ? [] : [counted(rows, 'event')]),
    ...(shards === null ? [] : [`${shards.done} of ${shards.total} shards`]),
    ...(done === null ? [] : [`${done} %`]),
    ...(remainingMs === null ? [] : [remainingMs === 0 ? 'longer than earlier runs' : `about ${span(remainingMs)} left`]),
  ];
  return parts.join(', ');
}

async function runs(context: Context, options: { readonly limit: string }): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'runs'>>('/v1/runs', { limit: options.limit });
  await answer(context, got, () => runTable(got.runs, context.terminal));
  return EXIT.ok;
}

function runTable(all: readonly Run[], { width, bold }: Terminal): string {
  if (all.length === 0) return 'no run is remembered yet: ask for one with "tributary batch run"';
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    { title: 'asked for' },
    { title: 'state' },
    { title: 'mode' },
    right('generation'),
    right('took'),
    { title: 'id' },
    { title: 'by' },
    { title: 'what came of it', wraps: true },
  ];
  const rows = all.map((run) => [
    instant(run.queuedAt),
    run.state,
    run.mode,
    run.generation === null ? '' : `${run.generation}`,
    run.endedAt === null || run.beganAt === null ? '' : span(run.endedAt - run.beganAt),
    run.id,
    [run.reason.replace(/^demand by /, ''), ...joinedBy(run), ...priorityText(run)].join(', '),
    becameOf(run),
  ]);
  return renderWide({ columns, rows }, width, bold);
}

const OUTCOME: Readonly<Record<NonNullable<Run['outcome']>, string>> = {
  published: 'published',
  already: 'published',
  held: 'computed, held back',
  overtaken: 'computed, but somebody published meanwhile',
  staged: 'staged',
  nothing_new: 'nothing new',
};

const STAGED_BECAUSE: Readonly<Record<NonNullable<Run['stagedBecause']>, string>> = {
  asked: '',
  moves_more: ': more moves than it may',
  not_compared: ': it could not be compared',
  engine_defect: ': rows differ for no known reason, an engine defect',
};

function becameOf(run: Run): string {
  const { state, outcome, failure, attempts, counts, cancelled } = run;
  if (cancelled !== null) return `cancelled by ${cancelled.by}${cancelled.why === null ? '' : `: ${cancelled.why}`}`;
  if (state === 'running') return progressText(run) ?? '';
  if (failure !== null) return state === 'failed' ? failure : `attempt ${attempts} failed, is tried again: ${failure}`;
  if (outcome === null) return '';
  const became = `${OUTCOME[outcome]}${run.stagedBecause == null ? '' : STAGED_BECAUSE[run.stagedBecause]}`;
  return counts === null || outcome === 'nothing_new' ? became : `${became}, ${counted(counts.newEvents, 'new event')}`;
}
