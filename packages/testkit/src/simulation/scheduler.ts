/**
 * Who goes next. Actors are ordinary async functions whose every step outside themselves awaits their `turn`; the
 * scheduler resolves one waiting turn at a time, chosen by the seed. Between two steps nothing else runs, so a seed
 * gives the same interleaving bit for bit. A killed actor's turn never comes: a crash at that await.
 */
import { setImmediate } from 'node:timers/promises';
import type { Random } from '../inputs/random.ts';

export interface Actor {
  readonly name: string;
  state: 'alive' | 'paused' | 'killed' | 'ended';
  readonly waiting: (() => void)[];
  /** What the actor threw: a defect, operational errors are its own to handle. */
  failure: unknown;
}

export type Turn = () => Promise<void>;

export interface Scheduler {
  readonly actors: readonly Actor[];
  spawn(name: string, body: (turn: Turn) => Promise<void>): Actor;
  /** Gives one actor its turn and waits until all actors wait again; false when none was ready. */
  step(): Promise<boolean>;
  kill(actor: Actor): void;
}

/** `isBusy`: whether what a turn began is still under way beyond this process. */
export function createScheduler(random: Random, isBusy: () => boolean): Scheduler {
  let actors: Actor[] = [];
  return {
    get actors() {
      return actors;
    },
    spawn(name, body) {
      const actor: Actor = { name, state: 'alive', waiting: [], failure: undefined };
      const turn = () => new Promise<void>((resolve) => actor.waiting.push(resolve));
      actors.push(actor);
      void turn()
        .then(() => body(turn))
        .then(
          () => {
            actor.state = 'ended';
          },
          (error: unknown) => {
            actor.failure = error;
            actor.state = 'ended';
          },
        );
      return actor;
    },
    async step() {
      actors = actors.filter(({ state }) => state === 'alive' || state === 'paused');
      const ready = actors.filter(({ state, waiting }) => state === 'alive' && waiting.length > 0);
      if (ready.length === 0) return false;
      const actor = random.pick(ready);
      const [go] = actor.waiting.splice(random.below(actor.waiting.length), 1);
      go?.();
      // Every promise that this turn settles has run its course before the event loop comes round.
      do await setImmediate();
      while (isBusy());
      if (actor.failure !== undefined) throw actor.failure;
      return true;
    },
    kill(actor) {
      actor.state = 'killed';
      actor.waiting.length = 0;
    },
  };
}
