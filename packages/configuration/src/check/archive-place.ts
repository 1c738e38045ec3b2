/** Whether the place of an archive can be read. Whether it can be written is what an archiver asks, which writes there. */
import { apartTrouble } from '@tributary/archive/objects/apart';
import { openArchivePlace, refusalOf } from '@tributary/archive/objects/place';
import type { ArchiveStore } from '@tributary/archive/objects/port';
import type { Environment } from '@tributary/runtime/config/read-config';

export interface ExaminedPlace {
  /** Nothing must start. */
  readonly troubles: readonly string[];
  /** For an operator to know. */
  readonly notes: readonly string[];
}

/** A store that does not answer now does not keep a platform from starting: archivers wait for it. */
export async function examinePlace(archive: string, dataDir: string, env: Environment, waitMs: number): Promise<ExaminedPlace> {
  const wrong = apartTrouble(archive, dataDir);
  if (wrong !== undefined)
    return { troubles: [`TRIBUTARY_ARCHIVE must ${wrong.must} (got ${JSON.stringify(archive)}). ${wrong.fix}`], notes: [] };
  // Not `using`: the packed command runs under Node 22 as well.
  let store: ArchiveStore | undefined;
  try {
    store = await openArchivePlace(archive, { env, sleep: async () => {} });
    // Hardly anything is there.
    await store.list('probes/', '', AbortSignal.timeout(waitMs));
    return { troubles: [], notes: [] };
  } catch (error) {
    const refusal = refusalOf(archive, error);
    if (refusal !== undefined) return { troubles: [`TRIBUTARY_ARCHIVE: ${refusal.message}`], notes: [] };
    const { message } = error as Error;
    return {
      troubles: [],
      notes: [
        `TRIBUTARY_ARCHIVE is ${archive}, which does not answer (${message}): nothing is archived or trimmed until it does.`,
      ],
    };
  } finally {
    store?.[Symbol.dispose]();
  }
}
