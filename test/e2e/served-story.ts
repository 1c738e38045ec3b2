/**
 * Live answers against what was served: a platform answers while events come in disorder, late and twice, definitions change, and its speed worker is killed
 * twice. Each value is computed again from the archive, at the position that its answer names, and at its instant alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parquetFiles } from '@tributary/archive/compute/relations';
import { openDuckDb } from '@tributary/archive/duckdb';
import { type ArchivedPast, archivedPast } from '@tributary/archive/history/archived-past';
import type { AskedRow } from '@tributary/archive/history/load-events';
import { pastValues } from '@tributary/archive/history/past-values';
import { startPlatform } from '@tributary/local/launch';
import { DAY_MS, dayOf, HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { valueText } from '@tributary/signals/value-text';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createClient, type SentEvent, until } from './client.ts';
import { COUNTED, type Counted, countedBy, countedPlainly } from './counted-plainly.ts';

const USERS = Array.from({ length: 40 }, (_, i) => `user ${i}`);
const USERS_AT_ONCE = 20;
const TYPES = ['view', 'search', 'purchase'];
const MOST_CHARACTERS = 1e6;
/** A writer without a pause is as fast as collectors are, and a busy machine reads that later than the story waits. */
const BATCH_EVERY_MS = 20;

function definitionsWith(views: object) {
  return {
    fields: { price: { from: 'properties.price', type: 'number' }, item: 'properties.item' },
    signals: {
      views,
      spent: { sum: 'purchase.price', window: '30d' },
      favourite: { mostFrequent: 'view.item', window: '7d' },
      last: { type: 'view', fields: ['item', 'price'], keep: { count: 5 } },
    },
    sessions: { web: { gap: '5m', keep: { count: 5 } } },
    segments: { ...COUNTED.segments, planner: { enter: "type == 'search'", ttl: '1h', exit: "type == 'purchase'" } },
    counts: COUNTED.counts,
  };
}

const BEFORE = definitionsWith({ count: 'view', window: '1h' });
const AFTER = definitionsWith({ count: 'view', window: '2d', where: 'price > 5' });

function signalsIn(file: typeof BEFORE): SignalDefinition[] {
  return [...signalsOf(readDefinitions(JSON.stringify(file), sha256Hex), sha256Hex).values()];
}

interface Answered {
  readonly user: string;
  readonly asOf: number;
  readonly position: string | null;
  readonly values: Readonly<
    Record<string, { readonly value: unknown; readonly status: string; readonly version: string | null }>
  >;
}

export interface Served {
  readonly answers: number;
  /** Values that were READY, under either definitions. */
  readonly compared: number;
  readonly ofLaterDefinitions: number;
  /** Answers whose position is not known, as events were applied while they were read. */
  readonly withoutPosition: number;
  /** At their positions: of these `examples`. */
  readonly mismatches: number;
  readonly examples: readonly string[];
  /** Values that differ at their instants alone, of users with events in flight: received before and applied after, or the other way. */
  readonly inFlight: number;
  /** Values that differ at their instants, of users without any. */
  readonly unexplained: number;
  /** What was counted over all users since the story began: by plain loops, by real time added to history, and after a run that read all. */
  readonly counted: { readonly plainly: Counted; readonly live: Counted; readonly later: Counted };
}

export async function serve(answers: number, env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-served-'));
  try {
    const platform = await startPlatform({
      dataDir,
      env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn', ...env },
    });
    try {
      const client = createClient(platform);
      const beganMs = Date.now();
      const runWith = async (definitions: typeof BEFORE) => {
        const { status, body } = await client.admin('POST', '/v1/generations', { definitions });
        if (status >= 300) throw new Error(`POST /v1/generations answered ${status}: ${JSON.stringify(body)}`);
        await until('the run has ended', 120_000, async () => (await client.read(`/v1/runs/${body.jobId}`)).outcome !== null);
        const views = signalsIn(definitions).find(({ name }) => name === 'views')?.version;
        await until('answers follow the definitions', 120_000, async () => {
          const answered = [...(await askOnce(platform, 0)), ...(await askOnce(platform, USERS_AT_ONCE))];
          return answered.every(({ values }) => values['views']?.version === views);
        });
      };
      const sent = eventsOf(createRandom(1), 0);
      await client.send(sent);
      await runWith(BEFORE);
      const writing = new AbortController();
      const written = write(client, writing.signal, sent);
      const found: Answered[] = [];
      const ask = async (upTo: number) => {
        while (found.length < upTo) found.push(...(await askOnce(platform, found.length)));
      };
      await ask(answers * 0.25);
      platform.roles.speed.kill('SIGKILL');
      await ask(answers * 0.5);
      const changed = runWith(AFTER);
      await ask(answers * 0.6);
      await changed;
      await ask(answers * 0.75);
      platform.roles.speed.kill('SIGKILL');
      await platform.roles.speed.whenReady(60_000);
      await ask(answers);
      writing.abort();
      await written;
      // All events of these days are in time: real time has them whole.
      const days = { fromDay: dayOf(beganMs), toDay: dayOf(Date.now() + DAY_MS) };
      const counted = () => countedBy(client, days);
      const plainly = countedPlainly(sent, days);
      let live = await counted();
      await until('real time has counted all', 60_000, async () => {
        live = await counted();
        return isDeepStrictEqual(live, plainly);
      }).catch(() => {});
      await client.generation();
      return { ...(await compare(dataDir, found)), counted: { plainly, live, later: await counted() } };
    } finally {
      await platform.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Some happened within the last hour, some long before the lateness. One in ten is sent again. */
function eventsOf(random: ReturnType<typeof createRandom>, batch: number): SentEvent[] {
  const now = Date.now();
  const drawn = Array.from({ length: 20 }, (_, i): SentEvent => {
    const agoMs = random.chance(0.5)
      ? random.below(1_000)
      : random.chance(0.9)
        ? random.below(HOUR_MS)
        : random.below(20) * DAY_MS;
    const properties = { price: random.below(1_000) / 100, item: random.pick(['boots', 'Ω', '"tote"']) };
    return {
      ts: now - agoMs,
      type: random.pick(TYPES),
      id: `${batch}-${i}`,
      source: 'native',
      userId: random.pick(USERS),
      properties,
    };
  });
  return [...drawn, ...drawn.filter(() => random.chance(0.1))];
}

/** Adds what it sends to `sent`. */
async function write(client: ReturnType<typeof createClient>, signal: AbortSignal, sent: SentEvent[]): Promise<void> {
  const random = createRandom(2);
  for (let batch = 1; !signal.aborted; batch++) {
    const events = eventsOf(random, batch);
    sent.push(...events);
    await client.send(events);
    await sleep(BATCH_EVERY_MS);
  }
}

async function askOnce(
  { apiUrl, keys }: { readonly apiUrl: string; readonly keys: { readonly read: string } },
  from: number,
): Promise<Answered[]> {
  const users = Array.from({ length: USERS_AT_ONCE }, (_, i) => USERS[(from + i) % USERS.length]);
  const response = await fetch(`${apiUrl}/v1/signals/values`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.read}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      users,
      signals: Object.keys({ ...BEFORE.signals, ...BEFORE.sessions, ...BEFORE.segments }),
      budgetMs: 500,
    }),
    signal: AbortSignal.timeout(60_000),
  });
  const body = (await response.json()) as {
    readonly asOf: number;
    readonly results: readonly (Omit<Answered, 'user' | 'asOf'> & { readonly userId: string })[];
  };
  if (response.status !== 200) throw new Error(`/v1/signals/values answered ${response.status}: ${JSON.stringify(body)}`);
  return body.results.map(({ userId, position, values }) => ({ user: userId, asOf: body.asOf, position, values }));
}

async function compare(dataDir: string, answers: readonly Answered[]): Promise<Omit<Served, 'counted'>> {
  const past = await archivedPast(dataDir, new AbortController().signal, () => {});
  if (past === null) throw new Error('a generation must be published (got none)');
  const arrivals = await arrivalsOf(past);
  const sets = [BEFORE, AFTER].map((file) => [
    ...signalsOf(readDefinitions(JSON.stringify(file), sha256Hex), sha256Hex).values(),
  ]);
  const counts = { compared: 0, ofLaterDefinitions: 0, mismatches: 0, inFlight: 0, unexplained: 0 };
  const examples: string[] = [];
  const later = new Set(sets[1]?.map(({ version }) => version));
  const earlier = new Set(sets[0]?.map(({ version }) => version));
  for (const definitions of sets)
    for (const isPlaced of [true, false]) {
      const asked = answers.filter(({ position }) => !isPlaced || position !== null);
      const folder = await mkdtemp(join(tmpdir(), 'tributary-served-'));
      const signal = new AbortController().signal;
      const question = {
        past,
        definitions,
        rows: rowsOf(asked, isPlaced),
        folder,
        memoryLimit: '256MB',
        signal,
        knowledge: 'served' as const,
      };
      try {
        for await (const { nr, status, values } of pastValues(question)) {
          const answer = asked[nr] as Answered;
          for (const { name, version } of definitions) {
            const said = answer.values[name];
            // What both definitions say alike is compared with the first.
            if (said?.status !== 'READY' || said.version !== version || (definitions === sets[1] && earlier.has(version)))
              continue;
            const live = JSON.stringify(said.value);
            const again = values === null ? status : valueText(values.get(name) ?? null, MOST_CHARACTERS);
            if (isPlaced) {
              counts.compared++;
              if (later.has(version) && !earlier.has(version)) counts.ofLaterDefinitions++;
              if (live === again) continue;
              counts.mismatches++;
              examples.push(
                `${answer.user}, ${name}, as of ${answer.asOf}, at ${answer.position}: served ${live}, again ${again}`,
              );
            } else if (live !== again) counts[isInFlight(arrivals, answer) ? 'inFlight' : 'unexplained']++;
          }
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    }
  const withoutPosition = answers.filter(({ position }) => position === null).length;
  return { answers: answers.length, ...counts, withoutPosition, examples: examples.slice(0, 5) };
}

async function* rowsOf(answers: readonly Answered[], isPlaced: boolean): AsyncGenerator<AskedRow> {
  for (const { user, asOf, position } of answers) yield { user, atMs: asOf, label: null, position: isPlaced ? position : null };
}

type Arrivals = ReadonlyMap<string, readonly { readonly receivedAt: number; readonly position: string }[]>;

async function arrivalsOf({ dataDir, files }: ArchivedPast): Promise<Arrivals> {
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: dataDir });
  const relation = parquetFiles(dataDir, files, { user_key: 'VARCHAR', received_at: 'BIGINT', position: 'VARCHAR' });
  const rows = await session.rows(`FROM ${relation}`).finally(() => session.close());
  return Map.groupBy(
    rows.map((row) => ({
      user: String(row['user_key']),
      receivedAt: Number(row['received_at']),
      position: String(row['position']),
    })),
    ({ user }) => user,
  );
}

/** An answer without a position is of a moment between two commits, which nothing names: its events may have been in flight. */
function isInFlight(arrivals: Arrivals, { user, asOf, position }: Answered): boolean {
  if (position === null) return true;
  return (arrivals.get(user) ?? []).some((one) => one.receivedAt < asOf !== one.position <= position);
}
