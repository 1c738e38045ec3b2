/** `tributary conversions list`: conversions one by one, with the ids that `attribution explain` takes. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { withFilter } from '../report/filters.ts';
import { instant, money } from '../terminal/figures.ts';
import { printable, renderWide, shortName } from '../terminal/table.ts';

type Listed = AnswerOf<'listConversions'>;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly type?: readonly string[];
  readonly user?: string;
  readonly limit: string;
  readonly cursor?: string;
}

export function fillConversions(conversions: Command, act: Act): void {
  const command = conversions
    .command('list')
    .description('conversions up to the cut of the served generation, newest first; "attribution explain" takes their ids')
    .option('--from <instant>', 'not before')
    .option('--to <instant>', 'before');
  withFilter(command, 'type')
    .option('--user <key>', 'only those of this user key')
    .option('--limit <n>', 'at most this many, 1 to 1000', '20')
    .option('--cursor <cursor>', 'the next page of an answer before')
    .addHelpText(
      'after',
      '\nA conversion after the cut is in reports at once, and in this list from the next generation on (tributary batch run).',
    )
    .action(act(list));
}

async function list(context: Context, options: Options): Promise<ExitCode> {
  const { terminal } = context;
  const api = context.api('read');
  const got = await api.get<Listed>('/v1/conversion-list', { ...options });
  for (const warning of got.meta.warnings) terminal.say(printable(`warning: ${warning}`));
  await answer(context, got, () => `${tableOf(got, context)}\n${terminal.dim(lineOf(got))}`);
  if (got.nextCursor !== null) terminal.say(`there are more: --cursor ${got.nextCursor}`);
  return EXIT.ok;
}

function tableOf({ conversions }: Listed, { terminal }: Context): string {
  return renderWide(
    {
      columns: [{ title: 'time' }, { title: 'id' }, { title: 'type' }, { title: 'user' }, { title: 'value', align: 'right' }],
      rows: conversions.map(({ ts, id, type, userId, valueMinor, currency }) => [
        instant(ts),
        id,
        shortName(type),
        shortName(userId),
        money(valueMinor, currency),
      ]),
      keys: 2,
    },
    terminal.width,
    terminal.bold,
  );
}

function lineOf({ meta }: Listed): string {
  const cut = meta.cut === null ? '' : ` cut ${instant(meta.cut)}: later ones follow with the next`;
  return `generation ${meta.generation}${cut} · ${meta.complete ? 'complete' : 'INCOMPLETE'}`;
}
