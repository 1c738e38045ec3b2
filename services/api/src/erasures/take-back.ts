/** Readers get back what they had, where an erasure was lifted while they were given a generation from before it. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { PublicationDraft } from '@tributary/archive/publications';
import { TributaryError } from '@tributary/model/errors';
import type { ApiContext } from '../context.ts';
import { fromBeforeLift, liftedSince } from './lifted-since.ts';

type Had = Pick<PublicationDraft, 'generation' | 'action' | 'held'>;

/**
 * A lift is written down before it looks what is published: of both at once one is seen here, or there. Throws `conflict`, once readers
 * have back what they had before; they have it back as well where receipts cannot be read. Null: they had nothing.
 */
export async function takeBackIfLifted(
  context: ApiContext,
  manifest: GenerationManifest,
  published: Publication,
  before: Had | null,
): Promise<void> {
  const lifted = await liftedSince(context.deps, manifest).catch(async (error: unknown) => {
    if (before !== null) await takeBack(context, published, before, 'whether an erasure was lifted meanwhile could not be read');
    throw error;
  });
  if (lifted === 0 || before === null) return;
  await takeBack(context, published, before, 'an erasure was lifted meanwhile');
  throw fromBeforeLift(manifest.generation, lifted);
}

/** What a request had to take back that was killed before it looked for lifts. `above`: as `publish`. Throws `conflict`. */
export async function takeBackWhatWasLeft(
  context: ApiContext,
  manifest: GenerationManifest,
  published: Publication,
  above = 0,
): Promise<void> {
  const lifted = await liftedSince(context.deps, manifest);
  if (lifted === 0) return;
  const before = (await context.deps.source.publications()).findLast((one) => one.generation !== manifest.generation);
  if (before !== undefined) await takeBack(context, published, before, 'an erasure was lifted meanwhile', above);
  throw fromBeforeLift(manifest.generation, lifted);
}

/** Publications of the same generation that a take-back follows. */
const MOST_MEANWHILE = 8;

/**
 * Where readers have another generation by now, that stays: who published it looked for lifts. Who publishes the same one once more, as retirement,
 * a cancel and a discard do, did not look.
 */
async function takeBack(
  { deps, generations }: ApiContext,
  published: Publication,
  { generation, action, held }: Had,
  why: string,
  above = 0,
): Promise<void> {
  const draft = { generation, action, held, at: deps.now(), by: published.by, why: `taken back: ${why}` };
  let newest: Publication | null = published;
  for (let left = MOST_MEANWHILE; newest?.generation === published.generation; left--) {
    const { sequence } = newest;
    const error = await deps.source.publish(sequence, draft, Math.max(sequence, above)).then(() => null, conflictOf);
    if (error === null) break;
    if (left === 0) throw error;
    newest = await deps.source.publication();
  }
  await generations.refresh();
}

/** Rejects with whatever else it is. */
function conflictOf(error: unknown): TributaryError {
  if (error instanceof TributaryError && error.code === 'conflict') return error;
  throw error;
}
