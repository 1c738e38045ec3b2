/** What store, log, generations and receipts say of erasures at this moment. */
import { digestOfReceipt } from '@tributary/archive/erasures';
import { fromStore } from '@tributary/serving/from-store';
import type { ApiContext } from '../context.ts';
import type { Seen } from './shown.ts';

/** What receipts are made of, as of now. */
export async function seenNow({ deps, generations }: ApiContext): Promise<Seen> {
  const [states, pointer, manifests, forgotten, ids, logStarts] = await Promise.all([
    fromStore(deps.store.states()),
    fromStore(deps.store.pointer()),
    deps.source.manifests(),
    deps.erasures.forgotten(),
    deps.erasures.ids(),
    deps.logReach.starts().catch((cause: unknown) => {
      deps.onWarning('receipts of erasures cannot say where the log begins', cause);
      return [];
    }),
  ]);
  const all = Map.groupBy(ids, digestOfReceipt);
  const newest = new Map([...all].map(([digest, own]) => [digest, own[0] as string]));
  return { states, manifests, forgotten, newest, all, logStarts, served: generations.take(pointer).loaded.manifest };
}
