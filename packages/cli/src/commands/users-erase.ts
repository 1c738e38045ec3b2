/** `tributary users erase | erasures | lift`: nothing of a user counts any longer, how far that is, and its end. */
import type { Command } from 'commander';
import { orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { instant } from '../terminal/figures.ts';
import { printable, renderFacts, renderWide } from '../terminal/table.ts';

type Erasure = AnswerOf<'erasure'>['erasure'];

const MOST_USERS = 1_000;
const WHERE = 'See "tributary users erasures" for those there are.';

/** What each state means for who asked. */
const MEANS: Readonly<Record<Erasure['state'], string>> = {
  requested: 'not known to be in the log: ask for it again',
  recorded: 'in the log; real time has not read it yet',
  notCounted: 'not counted, but for what was frozen: that waits for the next generation',
  recomputed: 'not counted anywhere',
  lifting: 'lifted; real time has not read that yet',
  lifted: 'lifted: what comes from then on counts',
};

export function fillUsersErase(command: Command, act: Act): void {
  command
    .argument('<user...>', 'user keys: userId, else anonymousId')
    .option('--reason <text>', 'for the record; it must not name the user')
    .action(act(erase));
}

export function fillUsersErasures(command: Command, act: Act): void {
  command.argument('[id]', 'of "users erase"').option('--user <user>', 'only those of this user key').action(act(list));
}

export function fillUsersLift(command: Command, act: Act): void {
  command.argument('<id>', 'of "users erasures"').argument('<user>', 'whose it is: an erasure does not say it').action(act(lift));
}

async function erase(context: Context, users: readonly string[], { reason }: { readonly reason?: string }): Promise<ExitCode> {
  if (users.length > MOST_USERS) throw new UsageError(`users must be at most ${MOST_USERS} at once (got ${users.length})`);
  const asked = { users, ...(reason !== undefined && { reason }) };
  const got = await context.api('admin').post<AnswerOf<'eraseUsers'>>('/v1/erasures', asked);
  await answer(context, got, () => `${tableOf(got.erasures, context)}\n${BYTES}`);
  for (const warning of got.warnings) context.terminal.say(printable(`warning: ${warning}`));
  return EXIT.ok;
}

async function list(context: Context, id: string | undefined, { user }: { readonly user?: string }): Promise<ExitCode> {
  if (id !== undefined && user !== undefined)
    throw new UsageError('--user must stand without an id (got both). Leave out one of them.');
  const api = context.api('admin');
  if (id !== undefined) {
    const got = await orWhere(api.get<AnswerOf<'erasure'>>(pathOf(id)), WHERE);
    await answer(context, got, () => receiptOf(got.erasure, context));
    return EXIT.ok;
  }
  const got = await api.get<AnswerOf<'erasures'>>('/v1/erasures', { user });
  await answer(context, got, () => (got.erasures.length === 0 ? 'no erasures' : tableOf(got.erasures, context)));
  if (got.nextCursor !== null) context.terminal.say('there are more: GET /v1/erasures has all of them, in pages');
  return EXIT.ok;
}

async function lift(context: Context, id: string, user: string): Promise<ExitCode> {
  const got = await orWhere(context.api('admin').post<AnswerOf<'liftErasure'>>(`${pathOf(id)}/lift`, { user }), WHERE);
  await answer(context, got, () => tableOf([got.erasure], context));
  return EXIT.ok;
}

const BYTES = 'Bytes of them are still stored: "tributary users erasures ID" says where.';

const FOUND: Readonly<Record<Erasure['bytes']['places'][number]['state'], string>> = {
  mayHold: 'may hold them',
  writtenWithout: 'written without them',
  searched: 'searched: none of them',
};

function tableOf(erasures: readonly Erasure[], { terminal }: Context): string {
  const columns = [
    { title: 'id' },
    { title: 'asked' },
    { title: 'by' },
    { title: 'state' },
    { title: 'what that means', wraps: true },
  ];
  const rows = erasures.map(({ id, askedAt, by, state }) => [id, instant(askedAt), by, state, MEANS[state]]);
  return renderWide({ columns, rows }, terminal.width, terminal.bold);
}

function receiptOf({ id, askedAt, by, reason, state, generation, lifted, bytes }: Erasure, { terminal }: Context): string {
  const facts = [
    ['id', id],
    ['asked', `${instant(askedAt)} by ${by}`],
    ['reason', reason ?? ''],
    ['state', `${state}: ${MEANS[state]}`],
    [
      'generation',
      generation === null ? 'the one that readers get does not leave them out yet' : `${generation}, computed without them`,
    ],
    ['lifted', lifted === null ? '' : `${instant(lifted.at)} by ${lifted.by}`],
    ['bytes', 'not all places are searched yet: where they may lie'],
  ] as const;
  const columns = [{ title: 'place' }, { title: 'what is there' }, { title: 'until', wraps: true }];
  const rows = bytes.places.map(({ place, state: of, until }) => [place, FOUND[of], until]);
  const known = facts.filter(([, value]) => value !== '').map(([label, value]) => [label, printable(value)] as const);
  return `${renderFacts(known)}\n\n${renderWide({ columns, rows }, terminal.width, terminal.bold)}`;
}

function pathOf(id: string): string {
  return `/v1/erasures/${encodeURIComponent(id)}`;
}
