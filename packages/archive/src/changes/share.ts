/**
 * What was replaced in this folder (files without erased users, without retired events), given to the store, and what no manifest names any more removed
 * from there:
 *
 *   marks, state files ─▶ new files ─▶ one change ─▶ marks go ─▶ objects that nothing names go
 *
 * What is too much for one change comes in several, so that who follows sees states that the folder had: that files were searched is said by the last
 * one. State files are read before and after the manifests, and where they changed it is tried again later. Killed anywhere, it begins again.
 */
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { partitionsOf } from '../audit/audit.ts';
import { currentPublication } from '../publications.ts';
import { manifestsOf } from '../segments.ts';
import { changeName, contentOfChange, filesOf, objectOf, type Replacing, segmentOf } from './change.ts';
import type { Fetching } from './fetch.ts';
import { type Follower, mismatch } from './follow.ts';
import { intend, settle } from './intents.ts';
import { lastSegmentOf, type Reached } from './reached.ts';
import { sendFiles } from './send.ts';
import { stateOf, unsearchedState, unsharedState } from './state.ts';
import { isAllShared, removeShared, unsharedManifests } from './unshared.ts';

/** How much the manifests of one change have. */
const CHANGE_OF_BYTES = 4 * 1024 ** 2;

export interface SharePorts extends Omit<Fetching, 'signal'> {
  readonly follower: Follower;
  readonly newId: () => string;
  /** How much the manifests of one change have: the rest comes with the next one. */
  readonly changeBytes?: number | undefined;
  readonly reached: (step: 'sent' | 'changed' | 'shared') => void | Promise<void>;
}

export async function shareReplaced(ports: SharePorts, signal?: AbortSignal): Promise<void> {
  for (let done: Done = 'some'; done === 'some'; ) {
    done = await shareSome(ports, signal);
    if (done === 'overtaken') return;
  }
  await clear(ports, signal);
}

/** `overtaken`: it is tried again later. */
type Done = 'all' | 'some' | 'overtaken';

/** As much as a change may have: followers hold several at a time. Until the last of them, none says that files were searched. */
async function shareSome(ports: SharePorts, signal?: AbortSignal): Promise<Done> {
  const { dataDir, follower, newId, reached, changeBytes = CHANGE_OF_BYTES } = ports;
  const known = await follower.follow(signal);
  await settle(dataDir, known.number);
  const before = await stateOf(dataDir);
  const { some: unshared, isAll } = await unsharedManifests(dataDir, changeBytes);
  const manifests = unshared.map(({ manifest }) => manifest);
  const whole = unsharedState(before, known);
  if (whole.length + manifests.length === 0) return 'all';
  // A run is about to change manifests, or to say that it has: what was read may be of both.
  if (JSON.stringify(await stateOf(dataDir)) !== JSON.stringify(before)) return 'overtaken';
  demandOneKey(whole, known, ports);
  await sendFiles(
    manifests.flatMap((created) => segmentOf(created) ?? []),
    { ...ports, signal },
  );
  await reached('sent');
  const state = isAll ? whole : unsharedState(unsearchedState(before), known);
  const replacing = { folder: await follower.folder(), state, manifests };
  const id = newId();
  const isShared = await commit(replacing, known, ports, id, signal);
  if (!isShared) return 'overtaken';
  await removeShared(dataDir, unshared);
  await reached('shared');
  return isAll ? 'all' : 'some';
}

/** By another key none of the users would be known who were erased. */
function demandOneKey(state: Replacing['state'], known: Reached, { dataDir, store }: SharePorts): void {
  if (known.state[DATA_PATHS.erasureKey] === undefined || !state.some(({ path }) => path === DATA_PATHS.erasureKey)) return;
  throw mismatch(store.place, `has another ${DATA_PATHS.erasureKey} than ${dataDir}`);
}

/** Its number follows all that is known. False: another process replaced files meanwhile, and what was read is of before. */
async function commit(
  replacing: Replacing,
  before: Reached,
  { dataDir, follower, store, reached }: SharePorts,
  id: string,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let known = before; known.replaced === before.replaced; ) {
    const number = known.number + 1;
    await intend(dataDir, id, number);
    const isFirst = await store.create(changeName(number), contentOfChange({ id, created: [], replacing }), signal);
    await reached('changed');
    known = await follower.follow(signal);
    if (isFirst || (await follower.changeAt(number, signal))?.id === id) return true;
  }
  return false;
}

/**
 * Objects of segments up to the last one that no manifest names: what was replaced, and what killed processes sent. A later segment may be about to come.
 * Objects are listed first: those of a change that is about to come are marked by then, or sent later.
 */
async function clear({ dataDir, store, follower }: SharePorts, signal?: AbortSignal): Promise<void> {
  const known = await follower.follow(signal);
  if (known.cleared >= known.replaced || !(await isReplacing(known, dataDir, follower))) return;
  const objects: string[] = [];
  for (const prefix of ['archive/events/', 'archive/dead/'])
    for (let after = ''; ; ) {
      const page = await store.list(prefix, after, signal);
      if (page.length === 0) break;
      for (const { name } of page) if (isPast(name, known)) objects.push(name);
      after = page.at(-1)?.name ?? after;
    }
  const named = new Set<string>();
  for (const partition of await partitionsOf(dataDir)) {
    const last = lastSegmentOf(known, partition);
    for (const manifest of await manifestsOf(dataDir, { partition, first: 0, last }))
      for (const file of filesOf(manifest)) named.add(objectOf(file));
  }
  // A mark precedes what it marks: without any, and without a change of others, the store has the manifests that were read.
  if (!(await isAllShared(dataDir)) || (await follower.follow(signal)).replaced !== known.replaced) return;
  for (const name of objects) if (!named.has(name)) await store.remove(name, signal);
  await follower.cleared(known.replaced);
}

/** A folder that only follows knows nothing of what another one sends for its next change. */
async function isReplacing(known: Reached, dataDir: string, follower: Follower): Promise<boolean> {
  return known.replacedIn === (await follower.folder()) || (await currentPublication(dataDir)) !== null;
}

function isPast(object: string, known: Reached): boolean {
  const [, partition, number] = /\/p(\d{2,4})-(\d{6,12})-[^/]+$/.exec(object) ?? [];
  return number !== undefined && Number(number) <= lastSegmentOf(known, Number(partition));
}
