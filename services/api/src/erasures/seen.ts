/** What store, log, generations and receipts say of erasures at this moment. */
import { digestOfReceipt } from '@tributary/archive/erasures';
import type { GenerationManifest } from '@tributary/archive/layout';
import { fromStore } from '@tributary/serving/from-store';
import type { ApiContext } from '../context.ts';
import type { Seen } from './shown.ts';

/** What receipts are made of, as of now. */
export async function seenNow({ deps, generations }: ApiContext): Promise<Seen> {
  const [states, pointer, manifests, forgotten, ids] = await Promise.all([
    fromStore(deps.store.states()),
    fromStore(deps.store.pointer()),
    deps.source.manifests(),
    deps.erasures.forgotten(),
    deps.erasures.ids(),
  ]);
  const all = Map.groupBy(ids, digestOfReceipt);
  const newest = new Map([...all].map(([digest, own]) => [digest, own[0] as string]));
  return {
    states,
    manifests,
    forgotten,
    newest,
    all,
    dropped: await droppedBy(deps, manifests),
    isJoined: manifests.some(({ definitions }) => deps.storedDefinitions(definitions).joinedMs !== null),
    served: generations.take(pointer).loaded.manifest,
  };
}

/** The entries themselves are asked for where the log can say it: it declares them dropped before they are. */
async function droppedBy(
  { logReach, onWarning }: ApiContext['deps'],
  manifests: readonly GenerationManifest[],
): Promise<number | null> {
  try {
    const starts = await logReach.starts();
    const newestFirst = manifests.filter(({ state }) => state === 'computed').sort((a, b) => b.generation - a.generation);
    for (const { generation, cut } of newestFirst) {
      if (cut.some((position, partition) => (starts[partition] ?? '') < position)) continue;
      if ((await logReach.hasDropped?.(cut)) !== false) return generation;
    }
  } catch (cause) {
    onWarning('receipts of erasures cannot say what the log dropped', cause);
  }
  return null;
}
