/** The loop around what decides: the stream, the journal, the API, the collector and the receivers. */

import { InputFailure } from '@tributary/importing/failures';
import { createBatcher } from '@tributary/importing/sending/batches';
import { createSender } from '@tributary/importing/sending/sender';
import type { InterventionFile, ReadCell } from '@tributary/signals/interventions/rules';
import { createApiClient } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import type { Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { counted } from '../terminal/figures.ts';
import { printable, printableJson } from '../terminal/table.ts';
import { type Acting, createProgress, type Done, ERASED, type Pass, take } from './acting.ts';
import { createDelivery } from './delivery.ts';
import { openJournal } from './journal.ts';
import { followStream, type StreamEvent } from './lines.ts';
import { createUnderWay } from './under-way.ts';
import { post } from './webhook.ts';

export interface Running {
  readonly folder: string;
  readonly allowPrivate: boolean;
  /** Interventions after which it ends. */
  readonly limit: number;
  readonly end: () => void;
  readonly ended: AbortSignal;
}

/** Resolves when it ended: by Ctrl-C, by `ended`, or at the limit. */
export async function runInterventions(given: Context, { rules, cells }: InterventionFile, options: Running): Promise<ExitCode> {
  const { limit, end, ended } = options;
  const signal = AbortSignal.any([given.shell.signal, ended]);
  const context = endingWith(given, signal);
  const { shell, terminal } = context;
  const journal = openJournal(options.folder, rules, shell.now);
  const counts = createCounts();
  let failure: unknown;
  const onDone = (done: Done) => {
    if (counts.done(done) >= limit) end();
    void terminal.data(context.json ? printableJson(JSON.stringify(done)) : doneLine(done));
  };
  const acting: Acting = {
    rules,
    journal,
    underWay: createUnderWay(),
    env: shell.env,
    now: shell.now,
    delivery: createDelivery({
      now: shell.now,
      sleep: shell.sleep,
      random: Math.random,
      signal,
      onError(error) {
        failure ??= error;
        end();
      },
    }),
    values: (userKey, signals) => valuesOf(context, userKey, signals, cells),
    record: (event) => record(context, event),
    isStored: (userKey) => isStored(context, userKey),
    post: (call) => post(call, { allowPrivate: options.allowPrivate, signal }),
    onDone,
    onPass: counts.pass,
  };
  const progress = createProgress(acting);
  if (journal.unfinished > 0)
    terminal.say(`carrying on ${counted(journal.unfinished, 'intervention')} that an earlier run did not finish`);
  try {
    const lines = followStream({
      api: context.api('read'),
      kinds: [...new Set([...rules.map(({ kind }) => kind), ERASED])],
      segments: rules.filter(({ kind }) => kind.startsWith('segment.')).map(({ of }) => of),
      after: journal.cursor,
      signal,
      sleep: shell.sleep,
      onTrouble: terminal.say,
    });
    for await (const event of lines) {
      const note = noteOf(event.line);
      if (note !== null) terminal.say(note);
      await take(event, acting, progress);
      if (signal.aborted) break;
    }
  } catch (cause) {
    // What was asked when it ended is asked again by the next process.
    if (!signal.aborted) throw cause;
  } finally {
    progress.advance(true);
    journal.close();
  }
  if (failure !== undefined) throw failure;
  terminal.say(counts.text());
  return counts.failed() ? EXIT.found : EXIT.ok;
}

/** Requests and pauses end with the signal. */
function endingWith(context: Context, signal: AbortSignal): Context {
  const { settings, terminal } = context;
  const fetch: typeof context.shell.fetch = (input, init) =>
    context.shell.fetch(input, { ...init, signal: AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]) });
  const shell = { ...context.shell, signal, fetch, sleep: (ms: number) => context.shell.sleep(ms, signal) };
  const api: Context['api'] = (scope) => createApiClient(settings.apiUrl, settings.key(scope), fetch, { onSlow: terminal.say });
  return { ...context, shell, api };
}

/** Asked until the API answers. null: a value is not READY. */
async function valuesOf(
  context: Context,
  userKey: string,
  signals: readonly string[],
  cells: InterventionFile['cells'],
): ReturnType<Acting['values']> {
  const body = { users: [userKey], signals, budgetMs: 500 };
  const [found] = (
    await untilAnswered(context, () => context.api('read').post<AnswerOf<'queryValues'>>('/v1/signals/values', body))
  ).results;
  const values = Object.entries(found?.values ?? {});
  if (values.length < signals.length || values.some(([, { status }]) => status !== 'READY')) return null;
  return Object.fromEntries(
    values.flatMap(([name, { value }]) => {
      const cell = cells.get(name)?.(value as Parameters<ReadCell>[0]);
      return cell === undefined ? [] : [[name, cell]];
    }),
  );
}

/** An erasure takes the record of the user, which has what was answered to at least. Asked once: there is another attempt. */
async function isStored(context: Context, userKey: string): Promise<boolean | null> {
  try {
    const asked = { users: [userKey], limit: 1 };
    const { results, meta } = await context.api('read').post<AnswerOf<'querySignals'>>('/v1/signals/query', asked);
    if (results[0]?.status !== 'NOT_FOUND') return true;
    // A store that lost records has none of this user either.
    return meta.complete ? false : null;
  } catch (cause) {
    if (cause instanceof CommandError) return null;
    throw cause;
  }
}

async function record(context: Context, event: object): Promise<boolean> {
  const { settings, shell, terminal } = context;
  const batcher = createBatcher();
  batcher.add(event);
  const batch = batcher.end();
  if (batch === null) return false;
  const { rejected } = await untilAnswered(context, async () => {
    const sender = createSender({
      url: settings.collectorUrl,
      path: '/v1/events',
      key: settings.key('write'),
      fetch: shell.fetch,
      sleep: shell.sleep,
      now: shell.now,
      onTrouble: (text) => terminal.say(printable(text)),
      onProgress: () => {},
    });
    await sender.send(batch);
    return sender.finish();
  });
  return rejected === 0;
}

/** A platform that is away holds the stream up: its lines wait in the output log. */
async function untilAnswered<T>({ shell, terminal }: Context, ask: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++)
    try {
      return await ask();
    } catch (cause) {
      const mayPass =
        (cause instanceof CommandError && cause.exitCode === EXIT.missing) ||
        (cause instanceof InputFailure && cause.kind === 'unanswered');
      if (!mayPass || shell.signal.aborted) throw cause;
      if (failures === 0) terminal.say(printable(`${cause.message}; it is asked again until it answers`));
      await shell.sleep(Math.min(30_000, 500 * 2 ** Math.min(failures, 6)));
    }
}

function noteOf(line: StreamEvent['line']): string | null {
  if (line?.type === 'gap')
    return 'warning: the output log lost lines meanwhile: interventions that they call for, or that were not finished, are left out';
  if (line?.type === 'stream' && line.data['outputs'] === false)
    return 'warning: outputs are off: start the speed workers with TRIBUTARY_OUTPUTS=segments, or all';
  return null;
}

function doneLine({ intervention, id, fate, attempts, why }: Done): string {
  const often = attempts > 1 ? `, ${counted(attempts, 'attempt')}` : '';
  return printable(`${intervention} ${id} ${fate}${often}${why === '' ? '' : `: ${why}`}`);
}

/** With one of these, an intervention did not happen, or not all of it. */
const FAILED: readonly Done['fate'][] = ['refused', 'given-up', 'rejected'];

const PASSES: Readonly<Record<Pass, string>> = {
  repeated: 'finished before',
  'too-old': 'too old',
  cooldown: 'within the cooldown',
  condition: 'condition not met',
  'not-known': 'values not known',
};

function createCounts() {
  const fates = new Map<Done['fate'], number>();
  const passes = new Map<Pass, number>();
  const add = <K>(to: Map<K, number>, key: K) => to.set(key, (to.get(key) ?? 0) + 1);
  return {
    /** How many there are. */
    done({ fate }: Done): number {
      add(fates, fate);
      return [...fates.values()].reduce((sum, n) => sum + n, 0);
    },
    pass: (why: Pass) => void add(passes, why),
    failed: () => FAILED.some((fate) => fates.has(fate)) || passes.has('not-known'),
    text() {
      const parts = [...fates].map(([fate, n]) => `${n} ${fate}`);
      const left = [...passes].map(([why, n]) => `${n} ${PASSES[why]}`);
      return `interventions: ${parts.join(', ') || 'none'}${left.length === 0 ? '' : `; passed over: ${left.join(', ')}`}`;
    },
  };
}
