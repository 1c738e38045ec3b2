/** Readers get back what they had, where an erasure was lifted while they were given a generation from before it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { PublicationDraft } from '@tributary/archive/publications';
import { TributaryError } from '@tributary/model/errors';
import { fromStore } from '@tributary/serving/from-store';
import type { ApiContext } from '../context.ts';
import { fromBeforeLift, liftedSince } from './lifted-since.ts';

type Context = Pick<ApiContext, 'deps' | 'generations'>;
type Had = Pick<PublicationDraft, 'generation' | 'action' | 'held'>;

/**
 * A lift is written down before it looks what is published: of both at once one is seen here, or there. Throws `conflict`, once readers
 * have back what they had before; they have it back as well where receipts cannot be read. Null: they had nothing.
 */
export async function takeBackIfLifted(
  context: Context,
  manifest: GenerationManifest,
  published: Publication,
  before: Had | null,
): Promise<void> {
  const lifted = await liftedSince(context.deps, manifest).catch(async (error: unknown) => {
    if (before !== null) await takeBack(context, published, before, 'whether an erasure was lifted meanwhile could not be read');
    pollInBackground(context);
    throw error;
  });
  if (lifted === 0 || before === null) return;
  const sound = await soundBefore(context, published).catch(() => pollInBackground(context));
  await takeBack(context, published, sound ?? before, LIFTED_MEANWHILE);
  throw fromBeforeLift(manifest.generation, lifted);
}

const LIFTED_MEANWHILE = 'an erasure was lifted meanwhile';

/** What a request had to take back that was killed before it looked for lifts. `above`: as `publish`. Throws `conflict`. */
export async function takeBackWhatWasLeft(
  context: Context,
  manifest: GenerationManifest,
  published: Publication,
  above = 0,
): Promise<void> {
  const lifted = await liftedSince(context.deps, manifest);
  if (lifted === 0) return;
  const before = await soundBefore(context, published);
  if (before !== undefined) await takeBack(context, published, before, LIFTED_MEANWHILE, above);
  throw fromBeforeLift(manifest.generation, lifted);
}

/** Between two looks at what could not be read: this long, and twice as long each time up to the most, ms. */
const READ_AGAIN_MS = 200;
const MOST_READ_AGAIN_MS = 30_000;

/**
 * As the API starts: what was killed may never be asked for again. Resolves after the first look. Where that could not be read it looks again, until it
 * could or `stopped`. Never rejects.
 */
export async function takeBackAtStart(context: Context, stopped?: AbortSignal): Promise<void> {
  if (!(await couldRead(context))) pollInBackground(context, stopped);
}

const polling = new WeakSet<Context['deps']>();

/** What readers have back may itself be from before an erasure that was lifted since: that could not be read. */
function pollInBackground(context: Context, stopped?: AbortSignal): undefined {
  if (polling.has(context.deps)) return;
  polling.add(context.deps);
  void pollUntilRead(context, stopped).finally(() => polling.delete(context.deps));
}

async function pollUntilRead(context: Context, stopped?: AbortSignal): Promise<void> {
  for (let waitMs = READ_AGAIN_MS; ; waitMs = Math.min(2 * waitMs, MOST_READ_AGAIN_MS)) {
    await sleep(waitMs, undefined, { ref: false, signal: stopped }).catch(() => undefined);
    if (stopped?.aborted === true || (await couldRead(context))) return;
  }
}

async function couldRead(context: Context): Promise<boolean> {
  try {
    await takeBackAnyLeft(context);
    return true;
  } catch (cause) {
    context.deps.onWarning('whether readers must get back what they had before could not be read', cause);
    return false;
  }
}

async function takeBackAnyLeft(context: Context): Promise<void> {
  const { deps } = context;
  // The pointer before the files, as for a publication.
  const pointer = await fromStore(deps.store.pointer());
  const found = await deps.source.publication();
  const manifest = found === null ? null : await deps.source.manifest(found.generation);
  if (found === null || manifest === null) return;
  const error = await takeBackWhatWasLeft(context, manifest, found, pointer?.sequence).then(() => null, conflictOf);
  if (error !== null) deps.onWarning('readers had to get back what they had before', error);
}

/** What readers had last of another generation, without any from before an erasure that was lifted since. */
async function soundBefore({ deps }: Context, { sequence, generation }: Publication): Promise<Had | undefined> {
  const asked = new Set([generation]);
  for (const had of (await deps.source.publications()).filter((one) => one.sequence < sequence).reverse()) {
    if (asked.has(had.generation)) continue;
    asked.add(had.generation);
    const manifest = await deps.source.manifest(had.generation);
    if (manifest?.state === 'computed' && (await liftedSince(deps, manifest)) === 0) return had;
  }
  return undefined;
}

/** Publications of the same generation that a take-back follows. */
const MOST_MEANWHILE = 8;

/**
 * Where readers have another generation by now, that stays: who published it looked for lifts. Who publishes the same one once more, as retirement,
 * a cancel and a discard do, did not look.
 */
async function takeBack(
  { deps, generations }: Context,
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
