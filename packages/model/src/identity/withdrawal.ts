/**
 * What comes of the events that an erased key lent: one message to each key that it was linked to withdraws all of them, whenever they were lent, and each
 * such key says the same to those that it was linked to. Keys are named by digests alone, so that these messages may stay where erased keys may not.
 */
import type { Version } from './links.ts';

/** What is kept of a key that may not be kept. */
export type DigestOf = (key: string) => string;

/** All that `by` lent before `version`, as far as it came through `of`, is gone. */
export interface Withdrawal {
  /** Digest of the erased key. */
  readonly of: string;
  /** Digest of the key that says so, the last one of the ways in question: versions are of its partition. */
  readonly by: string;
  /** Names the erasure: its place in the log. */
  readonly erasure: Version;
  /** How many keys said so, one after the other, this one among them. */
  readonly hops: number;
  readonly version: Version;
  /** When the erasure was received, epoch ms. */
  readonly receivedAt: number;
}

/** Whether it says anything new. */
export function isNewWithdrawal(known: readonly Withdrawal[], { of, by, version }: Withdrawal): boolean {
  return !known.some((other) => other.of === of && other.by === by && other.version >= version);
}

/** Whether it is the first of its erasure to come by so few keys: those it is passed on to may hold what is not known here any longer. */
export function isPassedOn(known: readonly Withdrawal[], { of, erasure, hops }: Withdrawal): boolean {
  return !known.some((other) => other.of === of && other.erasure === erasure && other.hops <= hops);
}

/** Whether an event that came by a way, lent at a version, is among what was withdrawn. */
export function withdrawnBy(
  withdrawn: readonly Withdrawal[],
  digestOf: DigestOf | undefined,
): (path: readonly string[], version: Version) => boolean {
  if (withdrawn.length === 0 || digestOf === undefined) return () => false;
  const digests = new Map<string, string>();
  const digest = (key: string) => {
    let known = digests.get(key);
    if (known === undefined) digests.set(key, (known = digestOf(key)));
    return known;
  };
  return (path, version) => {
    const last = path.at(-1);
    if (last === undefined) return false;
    const by = digest(last);
    return withdrawn.some((one) => one.by === by && version < one.version && path.some((key) => digest(key) === one.of));
  };
}
