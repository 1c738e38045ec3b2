/** `tributary dead-letters …`: records of the log that could not be read as events: look at them, read them again, drop them. */
import { type Command, Option } from 'commander';
import { type ApiClient, orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { counted, instant } from '../terminal/figures.ts';
import { fit, printable, renderFacts, renderTable } from '../terminal/table.ts';

type DeadLetters = AnswerOf<'deadLetters'>;
type DeadLetter = DeadLetters['deadLetters'][number];
type Replay = AnswerOf<'replayDeadLetter'>;

interface Choice {
  readonly all?: boolean;
  readonly code?: string;
}

/** What becomes of one letter: null, or why it stays. */
type Fate = (api: ApiClient, id: string) => Promise<string | null>;

/** Ids, by what became of their letters. */
interface Decided {
  readonly done: string[];
  readonly kept: { readonly id: string; readonly why: string }[];
  readonly missing: string[];
}

/** What is said of letters that stay: the others are in the answer of --json. */
const SAID = 20;

const PAGE = 200;
const AT_ONCE = 8;
const LIST_MOST = 10_000;
const WHERE = 'See "tributary dead-letters list" for those there are.';

export function fillDeadLetters(group: Command, act: Act): void {
  const code = () => new Option('--code <code>', 'only those with this reason, such as received_in_future');
  group
    .command('list')
    .description('the newest, with the reason of each')
    .option('--limit <n>', `at most this many (1–${LIST_MOST})`, '20')
    .addOption(code())
    .action(act(list));
  group.command('show').description('one of them, with its text').argument('<id>', 'of "dead-letters list"').action(act(show));
  group
    .command('replay')
    .description('read them again, and append those that are events to the log; exit 1 when some stay')
    .argument('[id...]', 'of "dead-letters list"')
    .option('--all', 'all of them')
    .addOption(code())
    .action(act((context, ids: string[], choice: Choice) => decide(context, 'replayed', ids, choice, replay)));
  group
    .command('drop')
    .description('remove them for good; the archive keeps the records')
    .argument('[id...]', 'of "dead-letters list"')
    .option('--all', 'all of them')
    .addOption(code())
    .action(act((context, ids: string[], choice: Choice) => decide(context, 'dropped', ids, choice, drop)));
}

async function list(context: Context, { limit, code }: { readonly limit: string; readonly code?: string }): Promise<ExitCode> {
  const most = /^[1-9]\d{0,4}$/.test(limit) ? Number(limit) : 0;
  if (most < 1 || most > LIST_MOST)
    throw new UsageError(`--limit must be a whole number from 1 to ${LIST_MOST} (got "${limit}")`);
  const deadLetters: DeadLetter[] = [];
  for await (const page of pages(context.api('admin'), code)) {
    deadLetters.push(...page);
    if (deadLetters.length > most) break;
  }
  const shown = deadLetters.slice(0, most);
  const columns = ['id', 'parked', 'code', 'reason'].map((title) => ({ title }));
  await answer(context, { deadLetters: shown }, () =>
    shown.length === 0
      ? 'no dead letters'
      : renderTable({ columns, rows: shown.map((letter) => cells(letter, context)) }, context.terminal.bold),
  );
  if (deadLetters.length > most) context.terminal.say(`there are more: --limit ${Math.min(LIST_MOST, most * 10)}`);
  return EXIT.ok;
}

async function show(context: Context, id: string): Promise<ExitCode> {
  const got = await orWhere(context.api('admin').get<AnswerOf<'deadLetter'>>(pathOf(id)), WHERE);
  const { raw, parkedAt, ...rest } = got.deadLetter;
  const facts = Object.entries({ ...rest, parked: instant(parkedAt) }).map(([label, value]) => [label, String(value)] as const);
  await answer(context, got, () => `${renderFacts(facts)}\n\n${printable(raw)}`);
  return EXIT.ok;
}

async function decide(context: Context, done: string, ids: readonly string[], choice: Choice, fate: Fate): Promise<ExitCode> {
  if (ids.length > 0 === (choice.all === true))
    throw new UsageError(
      `dead letters must be named by their ids or all be meant by --all (got ${ids.length > 0 ? 'both' : 'neither'}). Give one of them.`,
    );
  if (ids.length > 0 && choice.code !== undefined)
    throw new UsageError(`--code must go with --all (got ${counted(ids.length, 'id')}). Leave out one of them.`);
  const api = context.api('admin');
  const decided: Decided = { done: [], kept: [], missing: [] };
  const summary = () => summaryOf(done, decided);
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const some of ids.length > 0 ? [ids] : idsOf(pages(api, choice.code)))
      for (let first = 0; first < some.length; first += AT_ONCE) {
        await decideSome(some.slice(first, first + AT_ONCE), (id) => fate(api, id), decided);
        context.terminal.progress(summary());
      }
  } catch (error) {
    failure = { error };
  }
  context.terminal.progressEnd();
  const { kept } = decided;
  // Where all letters are meant, some may go meanwhile.
  const missing = choice.all === true ? [] : decided.missing;
  for (const { id, why } of kept.slice(0, SAID)) context.terminal.say(`${id} stays: ${printable(why)}`);
  if (kept.length > SAID) context.terminal.say(`${kept.length - SAID} more stay: --json names each`);
  if (missing.length > 0) context.terminal.say(`not there: ${missing.slice(0, SAID).map(printable).join(', ')}. ${WHERE}`);
  // What was done stays done, also where the rest could not be.
  if (failure === undefined || decided.done.length > 0) await answer(context, { [done]: decided.done, kept, missing }, summary);
  if (failure !== undefined) throw failure.error;
  return kept.length + missing.length === 0 ? EXIT.ok : EXIT.found;
}

/** Notes what became of each before it rejects with the first failure. */
async function decideSome(ids: readonly string[], fateOf: (id: string) => ReturnType<Fate>, into: Decided): Promise<void> {
  const fates = await Promise.allSettled(ids.map(fateOf));
  const failures: unknown[] = [];
  for (const [i, fate] of fates.entries()) {
    const id = ids[i] as string;
    if (fate.status === 'fulfilled') {
      if (fate.value === null) into.done.push(id);
      else into.kept.push({ id, why: fate.value });
    } else if (fate.reason instanceof CommandError && fate.reason.code === 'not_found') into.missing.push(id);
    else failures.push(fate.reason);
  }
  if (failures.length > 0) throw failures[0];
}

function summaryOf(verb: string, { done, kept }: Decided): string {
  return `${counted(done.length, 'dead letter')} ${verb}, ${kept.length} kept`;
}

async function replay(api: ApiClient, id: string): Promise<string | null> {
  try {
    const { replayed, deadLetter } = await orWhere(api.post<Replay>(`${pathOf(id)}/replay`, {}), WHERE);
    return replayed ? null : `${deadLetter?.code}: ${deadLetter?.message}`;
  } catch (error) {
    if (error instanceof CommandError && error.code === 'not_replayable') return error.message;
    throw error;
  }
}

async function drop(api: ApiClient, id: string): Promise<null> {
  await orWhere(api.delete(pathOf(id)), WHERE);
  return null;
}

/** Newest first: what a replay gives a new reason, and so a new place, does not come again. */
async function* pages(api: ApiClient, code: string | undefined): AsyncGenerator<DeadLetter[]> {
  for (let cursor: string | undefined, more = true; more; ) {
    const { deadLetters, nextCursor } = await api.get<DeadLetters>('/v1/dead-letters', { limit: PAGE, cursor });
    yield deadLetters.filter((letter) => code === undefined || letter.code === code);
    cursor = nextCursor ?? undefined;
    more = nextCursor !== null;
  }
}

async function* idsOf(letters: AsyncIterable<readonly DeadLetter[]>): AsyncGenerator<string[]> {
  for await (const page of letters) yield page.map(({ id }) => id);
}

function pathOf(id: string): string {
  return `/v1/dead-letters/${encodeURIComponent(id)}`;
}

function cells({ id, parkedAt, code, message }: DeadLetter, { terminal }: Context): string[] {
  const left = terminal.width - id.length - code.length - 32;
  return [id, instant(parkedAt), code, fit(message, Math.max(20, left)).trimEnd()];
}
