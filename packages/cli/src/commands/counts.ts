/** `tributary counts`: what definitions count over all users; with a name the values with the most events. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { putAnswer, putTables, titleOf } from '../report/api-output.ts';
import { warnings } from '../report/meta-line.ts';
import { count, counted } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';

type Top = AnswerOf<'topCounted'>;
type Defined = AnswerOf<'listCounts'>;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly layer?: string;
  readonly top?: string;
}

export function fillCounts(command: Command, act: Act): void {
  command
    .argument('[name]', 'of a count of the definitions; without it, which there are')
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--layer <name>', 'merged, speed, batch or staged')
    .option('--top <n>', 'values, 1 to 1000; default: 10')
    .addHelpText('after', '\nExit code 1 while the generation that readers get lacks the count.')
    .action(act(counts));
}

async function counts(context: Context, name: string | undefined, options: Options): Promise<ExitCode> {
  if (name === undefined) return list(context, options);
  const { top = '10', ...asked } = options;
  const got = await context.api('read').get<Top>(`/v1/counts/${encodeURIComponent(name)}`, { ...asked, limit: top });
  if (context.json) {
    await putAnswer(context, got, undefined);
    return got.status === 'READY' ? EXIT.ok : EXIT.found;
  }
  const { rows, rest, withoutValue, unnamed, total, range, meta } = got;
  if (rest === null || withoutValue === null || unnamed === null || total === null) {
    warnings(context.terminal, meta, range);
    context.terminal.say(`BACKFILLING: the generation that readers get has no count ${name}`);
    return EXIT.found;
  }
  const others = [
    ...(rest.values === 0 ? [] : [[counted(rest.values, 'more value'), count(rest.events), '']]),
    ...(withoutValue === 0 ? [] : [['without a value', count(withoutValue), '']]),
    ...(unnamed === 0 ? [] : [['with a value that reads (other)', count(unnamed), '']]),
  ];
  const table = {
    columns: [{ title: 'value' }, { title: 'events', align: 'right' }, { title: 'last day' }] as const,
    rows: [...rows.map(({ value, events, lastDay }) => [shortName(value), count(events), lastDay]), ...others],
    total: ['all', count(total), ''],
  };
  const text = renderWide(table, context.terminal.width, context.terminal.bold);
  return putTables(context, [[titleOf(name, [], { range }), text]], { notes: [], meta, range, out: undefined });
}

async function list(context: Context, options: Options): Promise<ExitCode> {
  const [flag] = (['from', 'to', 'layer', 'top'] as const).filter((one) => options[one] !== undefined);
  if (flag !== undefined)
    throw new UsageError(`--${flag} must come with the name of a count (got none). Leave it out to see which there are.`);
  const { counts: defined } = await context.api('read').get<Defined>('/v1/counts');
  await answer(context, { counts: defined }, () => {
    if (defined.length === 0) return 'The definitions in force count nothing over all users: docs/definitions.md says how';
    const table = {
      columns: [{ title: 'name' }, { title: 'version' }, { title: 'says', wraps: true }],
      rows: defined.map(({ name, version, says }) => [name, version, says]),
      keys: 3,
    };
    return renderWide(table, context.terminal.width, context.terminal.bold);
  });
  return EXIT.ok;
}
