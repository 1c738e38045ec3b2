/** `tributary signals get USER`: what a user did lately, newest first. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { eventCells } from '../report/event-line.ts';
import { speedLine, warnings } from '../report/meta-line.ts';
import { renderWide } from '../terminal/table.ts';
import { addSignalsConsistency } from './signals-consistency.ts';
import { addSignalsHistory } from './signals-history.ts';

interface Options {
  readonly names?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function fillSignals(signals: Command, act: Act): void {
  addSignalsHistory(signals, act);
  addSignalsConsistency(signals, act);
  signals
    .command('get')
    .description('the signals of a user, newest first')
    .argument('<user>', 'user key: userId, else anonymousId')
    .option('--names <types>', 'only these event types, comma-separated')
    .option('--from <instant>', 'not before')
    .option('--to <instant>', 'before')
    .option('--limit <n>', 'at most this many (1–1000, default 20)')
    .option('--cursor <cursor>', 'the next page of an answer before')
    .action(act(getSignals));
}

async function getSignals(context: Context, user: string, options: Options): Promise<ExitCode> {
  const { names, from, to, limit, cursor } = options;
  const got = await context
    .api('read')
    .get<AnswerOf<'userSignals'>>(`/v1/users/${encodeURIComponent(user)}/signals`, { names, from, to, limit, cursor });
  warnings(context.terminal, got.meta);
  await answer(context, got, () => {
    const table = renderWide(
      {
        columns: ['time', 'type', 'user', 'channel', 'value', 'id'].map((title) => ({
          title,
          align: title === 'value' ? 'right' : 'left',
        })),
        rows: got.signals.map(eventCells),
      },
      context.terminal.width,
      context.terminal.bold,
    );
    return `${table}\n${context.terminal.dim(speedLine(got.meta))}`;
  });
  if (got.nextCursor !== null) context.terminal.say(`there are more: --cursor ${got.nextCursor}`);
  if (got.status === 'PRESENT') return EXIT.ok;
  context.terminal.say(`no event of the user "${user}" is stored`);
  return EXIT.found;
}
