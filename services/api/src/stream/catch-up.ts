/** Those who are not up to date: each reads the log by itself, in turns, no faster than it takes what it gets. */
import { pause } from '@tributary/runtime/wait';
import { idOfPlaces, type NamedPlaces, type Place } from './event-id.ts';
import { type Follower, isBefore, joinLive, takeEntry, withinLog } from './followers.ts';
import type { IsForgotten } from './forgotten.ts';
import { eventText } from './hub.ts';
import { ENOUGH_WAITING, isExpired, READ, readable, type Session, sayGap } from './session.ts';

export interface CatchUp {
  /** One that is new to the log. `isOther`: it listened to another one, which this one replaced. */
  enter(follower: Follower, session: Session, from: NamedPlaces | null, isOther: boolean): Promise<void>;
  /** One that does not keep up. */
  fallBehind(follower: Follower, session: Session): void;
}

interface Options {
  readonly forgotten: () => Promise<IsForgotten>;
  readonly onWarning: (message: string, cause: unknown) => void;
  readonly againMs: number;
}

const MOST_EMPTY_READS = 5;
/** It is looked at each 25 ms for 10 s whether one takes what waits for it. */
const LOOK_MS = 25;
const MOST_LOOKS = 400;

export function createCatchUp({ forgotten, onWarning, againMs }: Options): CatchUp {
  /** One reads at a time. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  async function untilDone({ member }: Follower, session: Session, work: () => Promise<void>): Promise<void> {
    while (!member.gone.aborted && !session.isOver)
      try {
        return await work();
      } catch (error) {
        onWarning('the outputs could not be read for one who listens', error);
        await pause(againMs, member.gone);
      }
  }

  /** Entries; null: some are gone. */
  function read({ log }: Session, after: ReadonlyMap<number, string | null>, { member }: Follower) {
    return inTurn(() => log.read(after, { ...READ, maxEntries: 16, signal: member.gone })).catch((error: unknown) => {
      if (isExpired(error)) return null;
      throw error;
    });
  }

  async function catchUp(follower: Follower, session: Session): Promise<void> {
    const { member, own } = follower;
    let empty = 0;
    while (own !== null && !session.isOver && (await hasRoom(member))) {
      const behind = [...own.keys()].filter((p) => isBefore(own[p], session.live[p]));
      if (behind.length === 0) {
        follower.isLive = true;
        joinLive(follower, session.live);
        return;
      }
      const entries = await read(session, new Map(behind.map((p) => [p, own[p]?.after ?? null])), follower);
      if (entries === null) sayGap([follower], session, withinLog(own, await session.log.starts(), null));
      else if (entries.length === 0 && ++empty >= MOST_EMPTY_READS)
        // What the log does not give, it does not have.
        sayGap([follower], session, withinLog(own, endsOf(behind, session.live), null));
      for (const entry of entries ?? []) {
        if (!(await hasRoom(member))) return;
        for (const one of await readable([entry], forgotten)) takeEntry(session.name, follower, own, one);
      }
    }
  }

  return {
    async enter(follower, session, from, isOther) {
      const { live, name } = session;
      const isOfThis = from !== null && from.log === name && !isOther;
      const own = isOfThis ? [...from.places] : [...live];
      follower.own = own;
      follower.isLive = false;
      let lost = isOther || (from !== null && !isOfThis) ? [...live.keys()] : [];
      await untilDone(follower, session, async () => {
        if (isOfThis) lost = withinLog(own, ...(await Promise.all([session.log.starts(), session.log.ends()])));
      });
      follower.member.send(eventText('stream', '{"outputs":true}', idOfPlaces(name, own)));
      sayGap([follower], session, lost);
      await untilDone(follower, session, () => catchUp(follower, session));
    },
    fallBehind(follower, session) {
      follower.own ??= [...session.live];
      follower.isLive = false;
      void untilDone(follower, session, () => catchUp(follower, session));
    },
  };
}

/** One that takes nothing goes. */
async function hasRoom(member: Follower['member']): Promise<boolean> {
  for (let looks = 0; member.waiting() > ENOUGH_WAITING; looks++) {
    if (looks === MOST_LOOKS)
      member.dismiss('slow', `nothing was read for ${(MOST_LOOKS * LOOK_MS) / 1_000} s. Read faster, or ask for fewer kinds.`);
    await pause(LOOK_MS, member.gone);
    if (member.gone.aborted) return false;
  }
  return !member.gone.aborted;
}

function endsOf(behind: readonly number[], live: readonly Place[]): (string | null)[] {
  return live.map(({ after }, p) => (behind.includes(p) ? after : null));
}
