/** `tributary batch runs`: runs of the batch layer, whatever became of them. */
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
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
    run.scheduled ? 'schedule' : run.reason.replace(/^demand by /, ''),
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

function becameOf({ state, outcome, failure, attempts, counts }: Run): string {
  if (failure !== null) return state === 'failed' ? failure : `attempt ${attempts} failed, is tried again: ${failure}`;
  if (outcome === null) return '';
  return counts === null || outcome === 'nothing_new'
    ? OUTCOME[outcome]
    : `${OUTCOME[outcome]}, ${counted(counts.newEvents, 'new event')}`;
}
