/** `tributary reprocess compare`: what other definitions would change, computed over the archive before they are in force. It changes nothing. */
import { parseDuration } from '@tributary/importing/events/instant';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { type Comparison, comparisonText, SIDES } from '../report/comparison.ts';
import { definitionsAsWritten } from '../report/definition-file.ts';
import type { Promotion } from '../report/generations.ts';
import { percent } from '../terminal/figures.ts';
import { type Asked, answeredQuestion, costLine, outcomeLine, QUESTIONS } from './archive.ts';
import { putRows, type RowsOptions, rowsFormat, viewOf } from './reconcile.ts';

interface CompareOptions extends RowsOptions {
  readonly definitions?: string;
  readonly ifBelow?: string;
  readonly timeout: string;
}

export function addCompare(reprocess: Command, act: Act): void {
  reprocess
    .command('compare')
    .description(
      'what other definitions, corrections included, would change of the generation that is served; exit 1 when they would',
    )
    .argument('[id]', 'of a comparison that was made, as "archive list" has it')
    .option('--definitions <file>', 'compute it for these definitions (YAML or JSON), and wait')
    .option('--if-below <percent>', 'exit 0 where at most this part of every sum of every view moves, as 0.5%')
    .option('--rows <view>', 'the listed rows of a view; as credit')
    .option('--format <name>', 'of --rows: csv, ndjson or parquet; default: by the name of --out, else csv')
    .option('--out <file>', 'write --rows there instead of to standard output')
    .option('--timeout <duration>', 'with --definitions: give up after this long', '30m')
    .action(act(compare));
}

async function compare(context: Context, id: string | undefined, options: CompareOptions): Promise<ExitCode> {
  const { definitions, rows, out } = options;
  if ((id === undefined) === (definitions === undefined))
    throw new UsageError(
      `an id must be given, or --definitions FILE (got ${id === undefined ? 'neither' : 'both'}). "archive list" has the ids`,
    );
  const below = options.ifBelow === undefined ? 0 : partOf(options.ifBelow);
  const form = rowsFormat(context, options);
  const api = context.api(definitions === undefined ? 'read' : 'admin');
  const asked =
    definitions === undefined
      ? (id ?? '')
      : await ask(context, api, await definitionsAsWritten(context.shell.cwd, definitions, '--definitions'), options.timeout);
  const comparison = await api.get<Comparison>(`${QUESTIONS}/${encodeURIComponent(asked)}/comparison`);
  if (rows !== undefined && form !== null) await putRows(context, viewOf(comparison, rows), { form, out, sides: SIDES });
  else await answer(context, comparison, () => comparisonText(comparison, context.terminal));
  if (definitions !== undefined)
    context.terminal.say(
      `nothing changed. Reports under them: "tributary attribution report --archive ${asked}"; in force: "tributary batch run --definitions ${definitions}"`,
    );
  return comparison.moved !== null && comparison.moved <= below ? EXIT.ok : EXIT.found;
}

interface Brought {
  /** Their file. */
  readonly definitions: string;
  /** What it held: the run brings the same, whatever is written to it while it is compared. */
  readonly read: unknown;
  readonly timeout: string;
}

/**
 * Whether a run that brings these definitions may begin: they hold from its cut on, so they are compared before, where `--promote` asks for that. Shows
 * the comparison; `ask` leaves it to somebody.
 */
export async function mayBring(
  context: Context,
  api: ApiClient,
  { definitions, read, timeout }: Brought,
  promotion: Promotion,
): Promise<boolean> {
  const id = await ask(context, api, read, timeout);
  const comparison = await api.get<Comparison>(`${QUESTIONS}/${id}/comparison`);
  const below = promotion === 'ask' ? -1 : promotion.below;
  if (comparison.moved !== null && comparison.moved <= below) {
    context.terminal.say(`at most ${percent(below, 2)} of any sum moves under them: the run begins`);
    // The run says the same once more, and few questions are kept.
    await api.delete(`${QUESTIONS}/${id}`);
    return true;
  }
  await answer(context, comparison, () => comparisonText(comparison, context.terminal));
  context.terminal.say(`no run was asked for. To bring them all the same: "tributary batch run --definitions ${definitions}"`);
  return false;
}

/** Resolves with its id once it is computed. */
async function ask(context: Context, api: ApiClient, definitions: unknown, timeout: string): Promise<string> {
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === null) throw new UsageError(`--timeout must be 30s, 10m or 1h (got "${timeout}")`);
  const asked = await api.post<Asked>(QUESTIONS, { definitions });
  context.terminal.say(costLine(asked));
  const question = await answeredQuestion(context, api, asked.question?.id ?? '', timeoutMs);
  if (question.state === 'done') return question.id;
  throw new CommandError({
    code: 'not_compared',
    message: outcomeLine(question),
    fix: 'Ask again with "tributary reprocess compare --definitions FILE"; a run decides by itself what it computes.',
  });
}

function partOf(text: string): number {
  const given = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text)?.[1];
  if (given === undefined || Number(given) > 100)
    throw new UsageError(`--if-below must be a percentage from 0% to 100% (got "${text}"). Write it as 0.5%`);
  return Number(given) / 100;
}
