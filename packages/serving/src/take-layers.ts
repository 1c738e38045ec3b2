/**
 * Both layers as one request takes them: a generation, and the deltas of its own and all later ones. They are of now, or what was held when the store
 * last answered, as long as that is not too old.
 */
import type { TributaryError } from '@tributary/model/errors';
import { type DeltaFollower, type DeltasSnapshot, isRetired } from './deltas/follower.ts';
import { fromStore } from './from-store.ts';
import type { Generations, ServedGeneration } from './generations/served.ts';
import type { ServingDeps } from './ports.ts';

/** `stale`: why they are not of now; null: they are. */
export interface Taken {
  readonly served: ServedGeneration;
  readonly speed: DeltasSnapshot;
  readonly stale: string | null;
}

export interface TakenFrom {
  readonly deps: Pick<ServingDeps, 'store' | 'limits'>;
  readonly generations: Pick<Generations, 'take' | 'refresh'>;
  readonly deltas: Pick<DeltaFollower, 'poll' | 'held'>;
}

/** `views`: of which there are to be deltas. Rejects with `store_unavailable` where nothing is held instead, and with `not_ready`. */
export async function takeLayers(from: TakenFrom, views: readonly string[]): Promise<Taken> {
  const { freshMs } = from.deps.limits;
  const asked = fresh(from, views);
  let why: string;
  try {
    const taken = await within(asked, freshMs);
    if (taken !== 'late') return taken;
    why = `the store did not answer within ${freshMs} ms`;
  } catch (error) {
    const { code, message } = error as TributaryError;
    const known = code === 'store_unavailable' ? held(from, views, message) : null;
    if (known === null) throw error;
    return known;
  }
  return held(from, views, why) ?? asked;
}

async function fresh({ deps, generations, deltas }: TakenFrom, views: readonly string[]): Promise<Taken> {
  const taken = async (): Promise<Taken> => {
    const current = generations.take(await fromStore(deps.store.pointer()));
    return { served: current, speed: await fromStore(deltas.poll(current.loaded.generation, views)), stale: null };
  };
  try {
    return await taken();
  } catch (error) {
    if (!isRetired(error)) throw error;
    // It was served while the one that replaces it was loading, or retired after the pointer was read.
    await generations.refresh();
    return taken();
  }
}

function held({ deps, generations, deltas }: TakenFrom, views: readonly string[], why: string): Taken | null {
  const current = generations.take(null);
  const known = deltas.held(current.loaded.generation, views);
  if (known === null || known.ageMs > deps.limits.staleMs) return null;
  return { served: current, speed: known, stale: `the answer is ${known.ageMs} ms old: ${why}` };
}

/** A promise that is not waited for any longer may still fail, without a reader. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  if (ms === Number.POSITIVE_INFINITY) return promise;
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, ms, 'late').unref();
  promise.catch(() => {});
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
