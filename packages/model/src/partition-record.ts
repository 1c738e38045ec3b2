/**
 * What the log carries besides events: barriers and heartbeats. Every reader of the log decides by the functions below what
 * they are and what is parked: a barrier that one layer took and the other did not would cut them at different places.
 */
import { type Definitions, hasUnknownRules, storedDefinitions } from './definitions.ts';
import { TributaryError } from './errors.ts';
import { describe, type Invalid, invalid, type Refusal } from './refusal.ts';

export interface Barrier {
  readonly generation: number;
  /** The definitions that hold from here on, as canonical JSON: they travel in the log, so both layers switch at the same cut. */
  readonly definitions: string;
}

export interface Heartbeat {
  /** The collector's clock, epoch ms: moves the log time of an idle partition. */
  readonly receivedAt: number;
}

/**
 * How far a barrier may lie ahead of the newest one of its partition. One that lies further was written by no coordinator:
 * taken, it would make every barrier after it a repetition. One at the bound is taken, and numbers go on above it: what is then
 * out of the other partitions' reach, a run comes to by steps (`stepsTo`).
 */
export const MAX_GENERATIONS_AHEAD = 1_000_000;

/** The generations whose barriers lead a partition from its newest one to `generation`, the last of them: each may follow the one before. */
export function* stepsTo(generation: number, newest: number): Generator<number> {
  for (let step = newest + MAX_GENERATIONS_AHEAD; step < generation; step += MAX_GENERATIONS_AHEAD) yield step;
  if (newest < generation) yield generation;
}

/** As the log gives it. */
export interface BarrierEntry {
  readonly partition: number;
  readonly position: string;
  readonly body: string;
}

/** `repeated`: of a generation that the partition has passed; it means nothing. */
export type DecodedBarrier =
  | { readonly ok: true; readonly barrier: Barrier; readonly definitions: Definitions }
  | { readonly ok: true; readonly repeated: true }
  | Invalid;

/**
 * `newest`: the generation of the newest barrier of the partition before this one, 0 for none. Both layers know it from the
 * log alone, so they decide alike, also when they read again. Throws `unknown_rules` for the barrier of a newer version: parked,
 * it would leave this reader at the cut before it, without an end.
 */
export function decodeBarrier(entry: BarrierEntry, newest: number, sha256Hex: (text: string) => string): DecodedBarrier {
  const value = objectIn(entry.body);
  const generation = value?.['generation'];
  if (!Number.isSafeInteger(generation) || (generation as number) < 1)
    return undecodable({
      field: 'the barrier',
      must: 'be a JSON object with an integer "generation" from 1 on',
      got: describe(entry.body),
    });
  if ((generation as number) <= newest) return { ok: true, repeated: true };
  if ((generation as number) - newest > MAX_GENERATIONS_AHEAD)
    return undecodable({
      field: 'the generation of the barrier',
      must: `be at most ${MAX_GENERATIONS_AHEAD} ahead of the newest of its partition, ${newest}`,
      got: String(generation),
    });
  const json = value?.['definitions'];
  const field = `"definitions" of the barrier of generation ${generation}`;
  if (typeof json !== 'string') return undecodable({ field, must: 'be text', got: describe(json) });
  if (hasUnknownRules(json))
    throw new TributaryError(
      'unknown_rules',
      `partition ${entry.partition} at ${entry.position}: the barrier of generation ${generation} brings definitions of rules that only a newer version of this program knows`,
    );
  try {
    const definitions = storedDefinitions(json, sha256Hex);
    return { ok: true, barrier: { generation: generation as number, definitions: json }, definitions };
  } catch (cause) {
    return undecodable({ field, must: 'be definitions', got: `what is refused: ${(cause as Error).message}` });
  }
}

/** Never throws. */
export function decodeHeartbeat(body: string): { readonly ok: true; readonly receivedAt: number } | Invalid {
  const receivedAt = objectIn(body)?.['receivedAt'];
  return Number.isSafeInteger(receivedAt)
    ? { ok: true, receivedAt: receivedAt as number }
    : undecodable({ field: 'the heartbeat', must: 'be a JSON object with an integer "receivedAt"', got: describe(body) });
}

function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function undecodable(refusal: Refusal): Invalid {
  return invalid('undecodable_record', refusal);
}
