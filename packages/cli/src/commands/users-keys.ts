/** `tributary users keys | link | unlink`: the keys of one person, who answers for a key, and saying by hand whose it is. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { instant } from '../terminal/figures.ts';
import { printable, renderWide, shortName } from '../terminal/table.ts';

type Keys = AnswerOf<'userKeys'>;

export function fillUsersKeys(command: Command, act: Act): void {
  command.argument('<user>', 'user key: userId, else anonymousId').action(act(keysOf));
}

export function fillUsersLink(command: Command, act: Act): void {
  command.argument('<user>', 'user key: userId, else anonymousId').argument('<key>', 'the other key').action(act(linkKey));
}

export function fillUsersUnlink(command: Command, act: Act): void {
  command.argument('<user>', 'user key: userId, else anonymousId').argument('<key>', 'the other key').action(act(unlinkKey));
}

async function linkKey(context: Context, user: string, key: string): Promise<ExitCode> {
  const got = await context.api('admin').post<AnswerOf<'linkKey'>>(`/v1/users/${encodeURIComponent(user)}/links`, { key });
  return sayRecorded(context, got, 'is linked to');
}

async function unlinkKey(context: Context, user: string, key: string): Promise<ExitCode> {
  const path = `/v1/users/${encodeURIComponent(user)}/links/${encodeURIComponent(key)}`;
  return sayRecorded(context, await context.api('admin').delete<AnswerOf<'unlinkKey'>>(path), 'is unlinked from');
}

async function sayRecorded(context: Context, got: AnswerOf<'linkKey'>, what: string): Promise<ExitCode> {
  const { userId, key, eventId, at } = got;
  const recorded = `${key} ${what} ${userId} as of ${instant(at)}, by event ${eventId}`;
  await answer(context, got, () => printable(`${recorded}. "tributary users keys ${key}" shows it once real time has read it`));
  return EXIT.ok;
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
