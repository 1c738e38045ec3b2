/**
 * The output log to all who listen to it:
 *
 *   one read of the log ─ lines of users who may be named ─▶ those who are up to date, each by what it wants
 *   who comes back with the id of an event, or does not keep up ─ reads of its own ─▶ up to date
 *
 * Each event has the id of its place in all partitions, so a listener that comes back goes on behind it: none is left out, and none is sent again. What
 * the log has let go of meanwhile is a "gap", by partition (law 7). Nothing is sent while it is not known who is erased (law 9).
 */
import type { LogEntry } from '@tributary/log/port';
import { pause } from '@tributary/runtime/wait';
import { createCatchUp } from './catch-up.ts';
import { idOfPlaces, type NamedPlaces, nameOfLog } from './event-id.ts';
import { type Follower, giveEntry, joinLive, withinLog } from './followers.ts';
import type { IsForgotten } from './forgotten.ts';
import { eventText, type Member } from './hub.ts';
import type { OutputLine } from './output-line.ts';
import { ENOUGH_WAITING, isExpired, type OutputLog, READ, readable, type Session, sayGap } from './session.ts';

export interface Asked {
  readonly wants: (line: OutputLine) => boolean;
  /** Behind which event it goes on; null: with what comes next. */
  readonly from: NamedPlaces | null;
}

export interface OutputStream {
  /** It gets what it wants until it has gone. */
  follow(member: Member, asked: Asked): void;
}

export interface OutputStreamOptions {
  readonly partitions: number;
  /** null: there is none, as outputs were never on. */
  readonly open: () => Promise<OutputLog | null>;
  readonly forgotten: () => Promise<IsForgotten>;
  readonly onWarning: (message: string, cause: unknown) => void;
  /** How long after a failure, and until a log that is not there is looked for again, ms. */
  readonly againMs?: number;
}

const NONE_YET = {
  outputs: false,
  fix: 'Start the speed workers with TRIBUTARY_OUTPUTS=segments, or all: what they say comes then.',
};

interface Listening extends Follower {
  readonly from: NamedPlaces | null;
}

export function createOutputStream(options: OutputStreamOptions): OutputStream {
  const { partitions, open, forgotten, onWarning, againMs = 2_000 } = options;
  const { enter, fallBehind } = createCatchUp({ forgotten, onWarning, againMs });
  const followers = new Set<Listening>();
  let session: Session | null = null;
  let listening: AbortController | null = null;
  let wasMissing = false;

  /** For as long as somebody listens. */
  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const log = await open();
        if (log !== null) await serve(log, signal);
        else if (!wasMissing) {
          wasMissing = true;
          for (const { member } of followers) member.send(eventText('stream', JSON.stringify(NONE_YET)));
        }
      } catch (error) {
        if (!signal.aborted) onWarning('the outputs could not be read', error);
      }
      await pause(againMs, signal);
    }
  }

  async function serve(log: OutputLog, signal: AbortSignal): Promise<void> {
    try {
      const ends = await log.ends();
      if (signal.aborted) return;
      const current = sessionOf(log, ends);
      while (!signal.aborted) await readOn(current, signal);
    } finally {
      await log.close().catch((error: unknown) => onWarning('the output log could not be closed', error));
    }
  }

  /** The same goes on where the log is the same; another log is read from its beginning, as is one that came while it was waited for. */
  function sessionOf(log: OutputLog, ends: readonly (string | null)[]): Session {
    const name = nameOfLog(log.identity);
    const before = session;
    if (before?.name === name) {
      before.log = log;
      const lost = withinLog(before.live, [], ends);
      if (lost.length > 0) moveBack(before, ends, lost);
      return before;
    }
    if (before !== null) before.isOver = true;
    const from = wasMissing || before !== null ? new Array<null>(partitions).fill(null) : ends;
    const opened = { log, name, live: from.map((after) => ({ after, lines: 0 })), isOver: false };
    session = opened;
    wasMissing = false;
    for (const follower of followers) void enter(follower, opened, follower.from, before !== null);
    return opened;
  }

  /** The log lost the last of its entries, and takes others at their positions. */
  function moveBack(of: Session, ends: readonly (string | null)[], lost: readonly number[]): void {
    for (const follower of followers) sayGap([follower], of, follower.own === null ? lost : withinLog(follower.own, [], ends));
  }

  async function readOn(of: Session, signal: AbortSignal): Promise<void> {
    const { log, name, live } = of;
    let entries: readonly LogEntry[];
    try {
      entries = await log.read(new Map(live.map(({ after }, p) => [p, after])), { ...READ, signal });
    } catch (error) {
      if (!isExpired(error)) throw error;
      const starts = await log.starts();
      const lost = withinLog(live, starts, null);
      for (const one of followers) if (one.isLive) sayGap([one], of, one.own === null ? lost : withinLog(one.own, starts, null));
      return;
    }
    const read = await readable(entries, forgotten);
    if (signal.aborted) return;
    for (const entry of read) {
      for (const one of followers) if (one.isLive && one.member.waiting() > ENOUGH_WAITING) fallBehind(one, of);
      giveEntry(name, followers, live, entry);
    }
    for (const follower of followers) if (follower.isLive) joinLive(follower, live);
  }

  function stop(follower: Listening): void {
    followers.delete(follower);
    if (followers.size > 0) return;
    listening?.abort();
    if (session !== null) session.isOver = true;
    listening = null;
    session = null;
    wasMissing = false;
  }

  return {
    follow(member, { wants, from }) {
      if (member.gone.aborted) return;
      const follower: Listening = { member, wants, from, own: null, isLive: false };
      member.beat = () => beatAt(session, follower);
      followers.add(follower);
      member.gone.addEventListener('abort', () => stop(follower), { once: true });
      if (session !== null) void enter(follower, session, from, false);
      else if (wasMissing) member.send(eventText('stream', JSON.stringify(NONE_YET)));
      if (listening !== null) return;
      listening = new AbortController();
      void run(listening.signal);
    },
  };
}

/** A comment, and where it stands: the id counts though nothing else comes. */
function beatAt(session: Session | null, { own }: Follower): string {
  if (session === null) return ': no outputs yet\n\n';
  return `: listening\nid: ${idOfPlaces(session.name, own ?? session.live)}\n\n`;
}
