/** `tributary signals consistency`: what the API says of some users as of the cut of a generation, held against the archive. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchivedPast } from '@tributary/archive/history/archived-past';
import { exactJson, parseExactJson } from '@tributary/model/exact-json';
import { HOUR_MS } from '@tributary/model/time';
import { type Identified, userKeyOf } from '@tributary/model/user-key';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { count, counted, instant } from '../terminal/figures.ts';
import { printableJson } from '../terminal/table.ts';

const MOST_USERS = 10_000;
const MEMORY = '1GB';
/** The API answers 20 000 values at once. */
const USERS_AT_ONCE = 100;
const MOST_NAMED = 20;
const LONGEST_BUDGET_MS = 500;

export interface Mismatch {
  readonly user: string;
  readonly signal: string;
  readonly live: unknown;
  readonly archive: unknown;
}

/** What was compared of one signal, without what came after the cut. */
export interface SignalConsistency {
  readonly signal: string;
  readonly compared: number;
  readonly mismatches: number;
  /**
   * Symmetric mean absolute percentage error: mean of 2 · |live − archive| / (|live| + |archive|), from 0 to 2. A number beside none counts as 2. null: its
   * values are not numbers, or none was compared.
   */
  readonly smape: number | null;
}

export interface Consistency {
  readonly generation: number;
  readonly asOf: number;
  readonly users: number;
  readonly compared: number;
  /** The API gave no value of that instant and key: what records hold does not reach, the version is another one, or an owner answers for the key. */
  readonly notAnswered: number;
  /**
   * They differ, and may by what came after the cut; the archive learns of it with the next generation. An event of before: all that differs of its user.
   * A link: signals that reach back to an event of the linked key.
   */
  readonly inFlight: number;
  readonly mismatches: number;
  /** In the order of the definitions. */
  readonly bySignal: readonly SignalConsistency[];
  readonly examples: readonly Mismatch[];
  /** What was in flight at the cut between keys of one person: values of the archive may differ by it. */
  readonly lacks: readonly string[];
}

export function addSignalsConsistency(signals: Command, act: Act): void {
  signals
    .command('consistency')
    .description(
      'what the API says of users as of the cut of the generation, held against the archive; exit 1 when a value differs, or none could be compared',
    )
    .option('--sample <n>', 'of as many users of the archive', '200')
    .option('--users <keys>', 'these users, comma-separated')
    .action(act(consistency));
}

async function consistency(
  context: Context,
  { sample, users }: { readonly sample: string; readonly users?: string },
): Promise<ExitCode> {
  const { shell, terminal } = context;
  const sampled = /^[1-9]\d{0,4}$/.test(sample) ? Number(sample) : 0;
  if (sampled < 1 || sampled > MOST_USERS)
    throw new UsageError(`--sample must be a number from 1 to ${MOST_USERS} (got "${sample}")`);
  const named = users === undefined ? null : [...new Set(users.split(','))];
  if (named !== null && named.length > MOST_USERS)
    throw new UsageError(
      `--users must name at most ${count(MOST_USERS)} users (got ${count(named.length)}). Ask for them in several calls.`,
    );
  const [{ pastOfCommand }, { sampledUsers }, { signalsOf }, { sha256Hex }] = await Promise.all([
    import('../history/archived-past.ts'),
    import('@tributary/archive/history/sampled-users'),
    import('@tributary/signals/definitions/file'),
    import('@tributary/runtime/config/definitions'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-consistency-'));
  try {
    const past = await pastOfCommand(context);
    const definitions = [...signalsOf(past.definitions, sha256Hex).values()];
    if (definitions.length === 0)
      throw new UsageError('the definitions in force must have a signal, a session or a segment (got none)');
    const bounds = { folder, memoryLimit: MEMORY, signal: shell.signal };
    const asked = named ?? (await sampledUsers(past, sampled, bounds));
    const found = await held(context, { past, definitions, users: asked, ...bounds });
    terminal.progressEnd();
    await answer(context, found, () => linesOf(found).join('\n'));
    // A comparison of nothing has not found that all is well, and one whose every value is in flight neither.
    return found.mismatches > 0 || found.compared === found.inFlight ? EXIT.found : EXIT.ok;
  } finally {
    terminal.progressEnd();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Held {
  readonly past: ArchivedPast;
  readonly definitions: readonly SignalDefinition[];
  readonly users: readonly string[];
  readonly folder: string;
  readonly memoryLimit: string;
  readonly signal: AbortSignal;
}

type Answered = AnswerOf<'queryValues'>['results'][number];

async function held(context: Context, { users, ...question }: Held): Promise<Consistency> {
  const { pastValues } = await import('@tributary/archive/history/past-values');
  const { past, definitions } = question;
  const live = new Map<string, Answered['values']>();
  const links = new Map<string, Link | null>();
  for (let from = 0; from < users.length; from += USERS_AT_ONCE) {
    context.terminal.progress(`asking of ${from} of ${users.length} users`);
    for (const { userId, values } of await answersOf(context, past, definitions, users.slice(from, from + USERS_AT_ONCE))) {
      live.set(userId, values);
      // After the values: of a key that was linked in between they may be its owner's already.
      if (past.definitions.joinedMs !== null) links.set(userId, await linkOf(context, userId, past));
    }
  }
  async function* rows() {
    for (const user of users) yield { user, atMs: past.cutMs, label: null };
  }
  const differing: Mismatch[] = [];
  const numbers = new Map(definitions.map(({ name }) => [name, 0]));
  const comparedOf = new Map(definitions.map(({ name }) => [name, 0]));
  const counts = { compared: 0, notAnswered: 0 };
  for await (const { user, values } of pastValues({ ...question, rows: rows() }))
    for (const { name, version } of definitions) {
      const said = live.get(user)?.[name];
      const isOthers = links.get(user) === 'owner';
      if (values === null || said?.status !== 'READY' || said.version !== version || isOthers) {
        counts.notAnswered++;
        continue;
      }
      counts.compared++;
      const archive = values.get(name) ?? null;
      addTo(comparedOf, name);
      if (isNumber(archive) || isNumber(said.value)) addTo(numbers, name);
      if (exactJson(said.value) !== exactJson(parseExactJson(exactJson(archive))))
        differing.push({ user, signal: name, live: said.value, archive });
    }
  const changes = new Map<string, Changes>();
  for (const { user } of differing)
    if (!changes.has(user)) changes.set(user, await changesOf(context, user, links.get(user), past.cutMs));
  const reachOf = new Map(definitions.map(({ name, reachMs }) => [name, reachMs]));
  const isInFlight = ({ user, signal }: Mismatch) => {
    const { isLate, lentMs } = changes.get(user) ?? NO_CHANGES;
    return isLate || lentMs >= past.cutMs - (reachOf.get(signal) ?? 0);
  };
  const mismatches = differing.filter((one) => !isInFlight(one));
  const inFlight = differing.filter(isInFlight);
  const bySignal = definitions.map(({ name }) => {
    const came = inFlight.filter(({ signal }) => signal === name);
    const own = mismatches.filter(({ signal }) => signal === name);
    const compared = (comparedOf.get(name) ?? 0) - came.length;
    const ofNumbers =
      (numbers.get(name) ?? 0) - came.filter(({ live: said, archive }) => isNumber(said) || isNumber(archive)).length;
    return { signal: name, compared, mismatches: own.length, smape: smapeOf(own, ofNumbers) };
  });
  return {
    generation: past.generation,
    asOf: past.cutMs,
    users: users.length,
    ...counts,
    inFlight: inFlight.length,
    mismatches: mismatches.length,
    bySignal,
    examples: mismatches.slice(0, MOST_NAMED),
    lacks: past.lacks,
  };
}

function addTo(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** `mismatches`: all of the `compared` others agree. */
function smapeOf(mismatches: readonly Mismatch[], compared: number): number | null {
  if (compared === 0) return null;
  let sum = 0;
  for (const { live, archive } of mismatches) {
    if (isNumber(live) !== isNumber(archive)) sum += 2;
    else if (isNumber(live) && isNumber(archive)) {
      const [a, b] = [Number(live), Number(archive)];
      sum += (2 * Math.abs(a - b)) / (Math.abs(a) + Math.abs(b));
    }
  }
  return sum / compared;
}

async function answersOf(
  context: Context,
  { cutMs }: ArchivedPast,
  definitions: readonly SignalDefinition[],
  users: readonly string[],
): Promise<readonly Answered[]> {
  const body = { users, signals: definitions.map(({ name }) => name), asOf: cutMs, budgetMs: LONGEST_BUDGET_MS };
  return (await context.api('read').post<AnswerOf<'queryValues'>>('/v1/signals/values', body)).results;
}

/**
 * `owner`: another key answers for it. Keys: one was linked to it after the cut, or less than an hour before, and only events of these are known not to be
 * lent by that. null: no link is so new.
 */
type Link = 'owner' | ReadonlySet<string>;

async function linkOf(context: Context, user: string, { cutMs }: ArchivedPast): Promise<Link | null> {
  const { owner, keys } = await context.api('read').get<AnswerOf<'userKeys'>>(`/v1/users/${encodeURIComponent(user)}/keys`);
  if (owner !== user) return 'owner';
  // Some are of a whole hour.
  const isNew = ({ since }: (typeof keys)[number]) => since !== null && since > cutMs - HOUR_MS;
  // A new one may lend what others lent to it; of these keys the answer has no instant.
  return keys.some(isNew)
    ? new Set([user, ...keys.filter((key) => key.since !== null && !isNew(key)).map(({ userId }) => userId)])
    : null;
}

/** What the record of a user has from before the cut that the archive may not know. */
interface Changes {
  /** An event was received since. */
  readonly isLate: boolean;
  /** When the newest event happened that a new link may have lent: no signal differs by the link that does not reach back to it. */
  readonly lentMs: number;
}

const NO_CHANGES: Changes = { isLate: false, lentMs: Number.NEGATIVE_INFINITY };

async function changesOf(context: Context, user: string, link: Link | null | undefined, cutMs: number): Promise<Changes> {
  const { signals, nextCursor } = await context
    .api('read')
    .get<AnswerOf<'userSignals'>>(`/v1/users/${encodeURIComponent(user)}/signals`, { to: String(cutMs), limit: 1_000 });
  const isLate = signals.some(({ receivedAt }) => Number(receivedAt) >= cutMs);
  if (!(link instanceof Set)) return { ...NO_CHANGES, isLate };
  // Newest first. Where none of these is lent, an older one may be.
  const newest = signals.find((signal) => !link.has(userKeyOf(signal as Identified))) ?? (nextCursor && signals.at(-1));
  return { isLate, lentMs: newest ? newest.ts : NO_CHANGES.lentMs };
}

function linesOf(found: Consistency): string[] {
  const { generation, asOf, users, compared, notAnswered, inFlight, mismatches, bySignal, examples } = found;
  return [
    `${counted(compared, 'value')} of ${counted(users, 'user')} as of the cut of generation ${generation}, ${instant(asOf)}: ${counted(mismatches, 'mismatch', 'mismatches')}`,
    ...(inFlight > 0
      ? [
          `${counted(inFlight, 'value')} not judged: they differ, and these users have events that came after the cut, or events within reach of a key that was linked since an hour before it; ask again after the next generation`,
        ]
      : []),
    ...(notAnswered > 0 ? [`${counted(notAnswered, 'value')} not compared: the API has none of that instant and key`] : []),
    ...(compared === 0 ? ['nothing was compared: ask for signals with windows shorter than records are kept'] : []),
    ...bySignal
      .filter((one) => one.mismatches > 0)
      .map(
        (one) =>
          `${one.signal}: ${counted(one.mismatches, 'mismatch', 'mismatches')} among ${counted(one.compared, 'value')}${one.smape === null ? '' : `, SMAPE ${one.smape.toFixed(6)}`}`,
      ),
    ...examples.map(({ user, signal, live, archive }) =>
      printableJson(`${JSON.stringify(user)} ${signal}: live ${exactJson(live)}, archive ${exactJson(archive)}`),
    ),
  ];
}
