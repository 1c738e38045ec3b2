/** `tributary users keys USER`: the keys of one person, and who answers for a key. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { instant } from '../terminal/figures.ts';
import { printable, renderWide, shortName } from '../terminal/table.ts';

type Keys = AnswerOf<'userKeys'>;

export function addUsersKeys(parent: Command, act: Act): void {
  parent
    .command('keys')
    .description('the keys of one person, and who answers for a key, where definitions join keys')
    .argument('<user>', 'user key: userId, else anonymousId')
    .action(act(keysOf));
}

async function keysOf(context: Context, user: string): Promise<ExitCode> {
  const { terminal } = context;
  const got = await context.api('read').get<Keys>(`/v1/users/${encodeURIComponent(user)}/keys`);
  for (const warning of got.meta.warnings) terminal.say(printable(`warning: ${warning}`));
  await answer(context, got, () => textOf(got, context));
  return EXIT.ok;
}

function textOf({ userId, owner, links, keys }: Keys, { terminal }: Context): string {
  const { width, bold } = terminal;
  const linked = {
    columns: [{ title: 'linked to' }, { title: 'since' }, { title: 'undone' }],
    rows: links.map((link) => [shortName(link.userId), instant(link.since), link.undone ? 'yes' : '']),
  };
  const others = {
    columns: [{ title: 'key' }, { title: 'since' }, { title: 'events', align: 'right' as const }],
    rows: keys.map((key) => [shortName(key.userId), key.since === null ? '' : instant(key.since), String(key.events)]),
  };
  const who =
    owner === userId ? `${printable(owner)} answers for itself` : `${printable(owner)} answers for ${printable(userId)}`;
  const tables = [linked, others].filter(({ rows }) => rows.length > 0).map((table) => renderWide(table, width, bold));
  return [who, ...tables, ...(keys.length === 0 ? ['no other key of theirs is known'] : [])].join('\n');
}
