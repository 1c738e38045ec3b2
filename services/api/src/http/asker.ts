/** Who asks, for work that waits for its turn and is given up when its client has left. */
import type { ServerResponse } from 'node:http';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';

/** `owner`: the key. */
export function askerOf({ owner }: { readonly owner: string }, { raw }: { readonly raw: ServerResponse }): Asker {
  return { key: owner, isGone: () => raw.destroyed };
}

export function keyOf(asker: Asker | string): string {
  return typeof asker === 'string' ? asker : asker.key;
}
