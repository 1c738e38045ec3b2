/** `tributary archive ask|list|drop`: what reports would say under other windows, computed by the batch layer over all archived events. */

import { parseDuration } from '@tributary/importing/events/instant';
import { span } from '@tributary/model/span';
import { DAY_MS } from '@tributary/model/time';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { bytes, counted, instant } from '../terminal/figures.ts';
import { printable, renderWide } from '../terminal/table.ts';

export type Asked = AnswerOf<'askArchive'>;
type Question = AnswerOf<'archiveQuestion'>['question'];

interface AskOptions {
  readonly lookback?: string;
  readonly window: readonly string[];
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
}

export const QUESTIONS = '/v1/archive-questions';
const POLL_MS = 500;

export function fillArchiveAsk(command: Command, act: Act): void {
  command
    .option('--lookback <days>', 'the window of every touch type but those seen, not clicked, such as 60d')
    .option(
      '--window <type=days>',
      'the window of one touch type, such as ad_impression=7d; repeat for others',
      (text: string, before: readonly string[]) => [...before, text],
      [] as readonly string[],
    )
    .option('--dry-run', 'only say what it would cost')
    .option('--wait', 'wait until it is computed, or has failed')
    .option('--timeout <duration>', 'with --wait: give up after this long', '30m')
    .action(act(ask));
}

export function fillArchiveList(command: Command, act: Act): void {
  command.action(act(list));
}

export function fillArchiveDrop(command: Command, act: Act): void {
  command.argument('<id>', 'as "archive list" has it').action(act(drop));
}

async function ask(context: Context, options: AskOptions): Promise<ExitCode> {
  const timeoutMs = parseDuration(options.timeout);
  if (timeoutMs === null) throw new UsageError(`--timeout must be 30s, 10m or 1h (got "${options.timeout}")`);
  const body = {
    ...(options.lookback !== undefined && { lookbackDays: daysOf('--lookback', options.lookback) }),
    ...(options.window.length > 0 && { windowDays: Object.fromEntries(options.window.map(windowOf)) }),
    ...(options.dryRun === true && { dryRun: true }),
  };
  if (options.lookback === undefined && options.window.length === 0)
    throw new UsageError('--lookback must be given, or --window: nothing else is asked (got neither)');
  const api = context.api('admin');
  const asked = await api.post<Asked>(QUESTIONS, body);
  const { question } = asked;
  if (question === null || options.wait !== true) {
    await answer(context, asked, () => [costLine(asked), ...(question === null ? [] : [followLine(question)])].join('\n'));
    return EXIT.ok;
  }
  context.terminal.say(costLine(asked));
  const done = await answeredQuestion(context, api, question.id, timeoutMs);
  await answer(context, { question: done }, () => outcomeLine(done));
  return done.state === 'done' ? EXIT.ok : EXIT.found;
}

/** Until it is computed, has failed or was dropped. */
export async function answeredQuestion(context: Context, api: ApiClient, id: string, timeoutMs: number): Promise<Question> {
  const { shell, terminal } = context;
  const beganMs = shell.now();
  for (;;) {
    const { question } = await api.get<{ readonly question: Question }>(`${QUESTIONS}/${id}`);
    const tookMs = shell.now() - beganMs;
    if (question.state !== 'waiting' && question.state !== 'running') {
      terminal.progressEnd();
      return question;
    }
    if (tookMs >= timeoutMs || shell.signal.aborted) {
      terminal.progressEnd();
      throw new CommandError({
        code: 'still_running',
        message: `after ${span(tookMs)}: question ${id} is ${question.state}`,
        fix: `It goes on by itself: follow it with "tributary archive list", or end it with "tributary archive drop ${id}".`,
      });
    }
    terminal.progress(`question ${id} is ${question.state} (${span(tookMs)})`);
    await shell.sleep(POLL_MS);
  }
}

async function list(context: Context): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'archiveQuestions'>>(QUESTIONS);
  await answer(context, got, () => tableOf(got.questions, context));
  return EXIT.ok;
}

async function drop(context: Context, id: string): Promise<ExitCode> {
  const got = await context.api('admin').delete<AnswerOf<'dropArchiveQuestion'>>(`${QUESTIONS}/${encodeURIComponent(id)}`);
  await answer(context, got, () => outcomeLine(got.question));
  return EXIT.ok;
}

function daysOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new UsageError(`${flag} must be a length of time such as 60d or 12h (got "${text}")`);
  return ms / DAY_MS;
}

function windowOf(text: string): [type: string, days: number] {
  const at = text.lastIndexOf('=');
  const ms = at < 1 ? null : parseDuration(text.slice(at + 1));
  if (ms === null || ms <= 0) throw new UsageError(`--window must be TYPE=DAYS, such as ad_impression=7d (got "${text}")`);
  return [text.slice(0, at), ms / DAY_MS];
}

export function costLine({ cost }: Asked): string {
  const took =
    cost.estimatedMs === null
      ? 'how long is not known yet'
      : `about ${span(cost.estimatedMs)}, as the last ${NAMES[cost.estimatedFrom ?? 'question']}`;
  const ahead = cost.ahead === 0 ? '' : `; ${counted(cost.ahead, 'question')} before it`;
  return `reads ${counted(cost.events, 'event')} of generation ${cost.generation} (${bytes(cost.bytes)}): ${took}${ahead}`;
}

const NAMES = { question: 'question', generation: 'full generation' } as const;

function followLine({ id }: Question): string {
  return `question ${id}; read it with "tributary attribution report --archive ${id}" once "tributary archive list" says done`;
}

export function outcomeLine({ id, state, failure, generation, cut, tookMs, expiresAt }: Question): string {
  if (state === 'done' && cut !== null)
    return `question ${id} is done: generation ${generation}, cut ${instant(cut)}, took ${span(tookMs ?? 0)}, kept until ${instant(expiresAt)}`;
  return printable(`question ${id} is ${state}${failure === null ? '' : `: ${failure}`}`);
}

function tableOf(questions: readonly Question[], { terminal }: Context): string {
  if (questions.length === 0) return 'no question is kept';
  const anyFailed = questions.some(({ failure }) => failure !== null);
  return renderWide(
    {
      columns: [
        ...['id', 'state', 'asked'].map((title) => ({ title })),
        { title: 'under', wraps: true },
        ...['cut', 'kept until'].map((title) => ({ title })),
        ...(anyFailed ? [{ title: 'failure', wraps: true }] : []),
      ],
      rows: questions.map((one) => [
        one.id,
        one.state,
        instant(one.askedAt),
        windowsOf(one),
        one.cut === null ? '' : instant(one.cut),
        instant(one.expiresAt),
        ...(anyFailed ? [one.failure ?? ''] : []),
      ]),
    },
    terminal.width,
    terminal.bold,
  );
}

function windowsOf({ lookbackDays, windowDays, otherDefinitions = null }: Question): string {
  if (otherDefinitions !== null) return `definitions ${otherDefinitions}`;
  const own = Object.entries(windowDays).map(([type, days]) => `${type} ${days} d`);
  return [...(lookbackDays === null ? [] : [`lookback ${lookbackDays} d`]), ...own].join(', ');
}
