/** The start of a run: its generation, durable before anything refers to it. What it will be is decided in draft.ts. */
import { createGeneration, listGenerations, readGeneration, writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { demandJoinedAlike, type Joined, joinedStill } from '@tributary/archive/plan/joined-still';
import { demandCorrectable } from '@tributary/archive/retention/plan';
import { retiredBefore } from '@tributary/archive/retention/retired';
import { highestGeneration } from '../highest-numbers.ts';
import type { RunPorts } from '../ports.ts';
import { isHeldBack, waitsForMs } from '../publish/publication.ts';
import type { Begun, Run } from '../run.ts';
import { demandUsable, draftOf, isFinished } from './draft.ts';
import { demandRecordsForLinks, newestJoined } from './joined-alike.ts';
import { findNothingNew, type NothingNew } from './nothing-new.ts';
import { type Published, readPublished } from './published.ts';

export interface Beginning {
  readonly begun: Begun;
  readonly manifest: GenerationManifest;
}

/**
 * Goes on with the generation of an earlier attempt, or makes a new one, unless nothing came that it would add; unfinished ones of other
 * runs are superseded.
 */
export async function begin(run: Run, ports: RunPorts, signal: AbortSignal): Promise<Beginning | NothingNew> {
  const { dataDir, log, parseDefinitions: parse } = ports;
  const published = await readPublished(ports);
  const { publication } = published;
  const isHeld = isHeldBack(run, publication, await waitsForMs(run, ports), ports.now());
  const joined = await newestJoined(dataDir);
  if (run.begun !== null) {
    const manifest = demandUsable(await readGeneration(dataDir, run.begun.generation));
    if (!isHeld || !bringsEdit(manifest, published, joined, parse)) return { begun: run.begun, manifest };
    ports.note('begun again: its generation would bring an edit of the definitions while readers are held', {
      generation: manifest.generation,
    });
  }
  await supersedeUnfinished(ports);
  const file = await ports.configuredDefinitions();
  const isRetired = (await retiredBefore(dataDir)) !== null;
  const read = { published, file, joined, isHeld, isRetired, partitions: log.partitions };
  const draft = draftOf({ run, ...read, parse, now: ports.now() });
  // Before the barriers bring these definitions to real time.
  if (draft.base !== null) await demandCorrectable(dataDir, published.base, parse(draft.definitions));
  demandJoinedAlike(joined, parse(draft.definitions));
  demandRecordsForLinks(await ports.serving.states(), parse(draft.definitions));
  const nothing = await findNothingNew({ run, published, draft, isHeld, computed: computedIn(dataDir) }, ports, signal);
  if (nothing !== null) return nothing;
  const above = Math.max(publication?.generation ?? 0, await highestGeneration(ports));
  const manifest = await createGeneration(dataDir, draft, above);
  await ports.reached('created', manifest.generation);
  const begun = { generation: manifest.generation, sequence: publication?.sequence ?? 0 };
  await run.remember(begun);
  await ports.reached('remembered', manifest.generation);
  return { begun, manifest };
}

async function* computedIn(dataDir: string): AsyncIterable<GenerationManifest> {
  for (const generation of (await listGenerations(dataDir)).reverse()) {
    const manifest = await readGeneration(dataDir, generation);
    if (manifest.state === 'computed') yield manifest;
  }
}

/** An attempt before the hold took up an edit of the file: where its barriers are not raised yet, they must not be. */
function bringsEdit(
  { state, definitions }: GenerationManifest,
  { inForce }: Published,
  joined: Joined | null,
  parse: RunPorts['parseDefinitions'],
): boolean {
  if (state !== 'pending' || inForce === null || definitions === inForce.definitions) return false;
  return definitions !== joinedStill(parse(inForce.definitions), joined, parse).json;
}

/** Only what came after the newest finished one can be unfinished: every run before did the same. */
async function supersedeUnfinished(ports: RunPorts): Promise<void> {
  for (const generation of (await listGenerations(ports.dataDir)).reverse()) {
    const manifest = await readGeneration(ports.dataDir, generation);
    if (isFinished(manifest)) return;
    if (manifest.state !== 'pending') continue;
    await writeGeneration(ports.dataDir, { ...manifest, state: 'superseded' });
    ports.note('superseded an unfinished generation', { generation });
  }
}
