/** `tributary events tail`: the log of events, or that of outputs, as it grows, straight from the log. */

import { parseDuration } from '@tributary/importing/events/instant';
import type { EventLog, Position } from '@tributary/log/port';
import type { Barrier } from '@tributary/model/partition-record';
import { partitionOf } from '@tributary/model/user-key';
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { eventLine, headLine, selects } from '../report/event-line.ts';
import { counted } from '../terminal/figures.ts';
import { printableJson } from '../terminal/table.ts';
import { withLog } from '../with-log.ts';

interface Options {
  readonly fromStart?: boolean;
  readonly user?: string;
  readonly type?: string;
  readonly limit?: string;
  readonly for?: string;
  readonly topic?: string;
}

/** Entries asked for at once, per partition. An entry holds up to a few thousand events. */
const ENTRIES = 64;
const WAIT_MS = 1_000;
const TOPICS = ['events', 'outputs'] as const;

export function fillEventsTail(command: Command, act: Act): void {
  command
    .option('--topic <name>', 'events: what is collected; outputs: attributed conversions and enriched events', 'events')
    .option('--from-start', 'from the oldest entry the log still holds, not from its end')
    .option('--user <key>', 'only this user key (userId, else anonymousId)')
    .option('--type <types>', 'only these event types, comma-separated')
    .option('--limit <n>', 'end after this number of events; from the start: also where the log ended when it began')
    .option('--for <duration>', 'end after this time, such as 30s, whatever has come')
    .action(act(tail));
}

async function tail(context: Context, options: Options): Promise<ExitCode> {
  const { shell, settings } = context;
  const limit = limitOf(options.limit);
  const keep = selects({ user: options.user, types: options.type?.split(',') });
  const untilMs = options.for === undefined ? Number.POSITIVE_INFINITY : shell.now() + durationOf(options.for);
  const topic = TOPICS.find((name) => name === options.topic);
  if (topic === undefined) throw new UsageError(`--topic must be ${TOPICS.join(' or ')} (got "${options.topic}")`);
  const bounds = { limit, keep, untilMs };
  return withLog(shell, topic, settings.redisUrl, (log) => follow(context, options, log, bounds));
}

interface Bounds {
  readonly limit: number;
  readonly keep: (line: string) => boolean;
  readonly untilMs: number;
}

async function follow(context: Context, options: Options, log: EventLog, { limit, keep, untilMs }: Bounds): Promise<ExitCode> {
  const { shell, terminal, json } = context;
  const ends = await log.ends();
  const after = startOf(options, log.partitions, ends);
  const isBounded = options.fromStart === true && options.limit !== undefined;
  terminal.say(
    `following ${after.size} of ${counted(log.partitions, 'partition')} ${options.fromStart === true ? 'from the oldest entry' : 'from now on'}${endOf(options)}`,
  );
  if (!json) await terminal.data(terminal.bold(headLine(terminal.screen)));
  let shown = 0;
  while (!shell.signal.aborted) {
    if (isBounded && [...after].every(([partition, position]) => (position ?? '') >= (ends[partition] ?? ''))) {
      terminal.say(`the log holds ${shown} of them; without --limit it is followed`);
      return EXIT.ok;
    }
    const leftMs = untilMs - shell.now();
    if (leftMs <= 0) {
      terminal.say(`${counted(shown, 'event')} within ${options.for}`);
      return EXIT.ok;
    }
    const entries = await log.read(after, { maxEntries: ENTRIES, waitMs: Math.min(WAIT_MS, leftMs), signal: shell.signal });
    for (const { kind, body, partition, position } of entries) {
      after.set(partition, position);
      if (kind === 'barrier')
        terminal.say(`partition ${partition}: the cut of generation ${(JSON.parse(body) as Barrier).generation}`);
      if (kind !== 'events') continue;
      for (const line of body.split('\n')) {
        if (!keep(line)) continue;
        await terminal.data(json ? printableJson(line) : eventLine(line, terminal.screen));
        if (++shown >= limit) return EXIT.ok;
      }
    }
    // A reply that came from memory gives Ctrl-C no turn otherwise.
    await shell.sleep(0);
  }
  return EXIT.ok;
}

/** Where to read on, for the partitions that matter: one when a user is named. */
function startOf(
  { fromStart, user }: Options,
  partitions: number,
  ends: readonly (Position | null)[],
): Map<number, Position | null> {
  const wanted = user === undefined ? Array.from({ length: partitions }, (_, p) => p) : [partitionOf(user, partitions)];
  return new Map(wanted.map((partition) => [partition, fromStart === true ? null : (ends[partition] ?? null)]));
}

/** When it ends by itself: a command that waits must say for what. */
function endOf({ fromStart, limit, for: time }: Options): string {
  if (limit !== undefined && fromStart === true) return '';
  const ends = [...(limit === undefined ? [] : [`${limit} of them`]), ...(time === undefined ? ['Ctrl-C'] : [time])];
  return `, until ${ends.join(' or ')}`;
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new UsageError(`--for must be a duration such as 30s or 5m (got "${text}")`);
  return ms;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit must be a whole number from 1 (got "${text}")`);
  return Number(text);
}
