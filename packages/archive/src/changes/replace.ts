/**
 * What another folder replaced, replaced in this one: what is said of erased users before manifests lack them, that files were searched after it. Files
 * that no manifest names then go at once: they hold what was to go, and who reads them by a list of before reads again.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { sideBySide } from '../compute/side-by-side.ts';
import { createDurably, readIfThere, writeDurably } from '../durable.ts';
import { type Created, filesOf, type Replacing, segmentOf } from './change.ts';
import { type Fetching, fetchFile } from './fetch.ts';
import type { Reached } from './reached.ts';
import { stateOf, unsearched, unsharedState } from './state.ts';
import { isAllShared } from './unshared.ts';
import type { Versions } from './versions.ts';

/** Files that are fetched at once. */
const AT_ONCE = 8;

/** `number`: of the change. */
export async function replaceIn(
  replacing: Replacing,
  number: number,
  known: Reached,
  versions: Versions,
  fetching: Fetching,
): Promise<void> {
  const { dataDir } = fetching;
  await demandShared(versions, known, fetching);
  for (const { path, text } of versions.state) {
    if (path === DATA_PATHS.erasureKey) await createDurably(join(dataDir, path), text);
    else await writeDurably(join(dataDir, path), path === DATA_PATHS.archiveForgotten ? unsearched(text) : text);
  }
  for (const created of replacing.manifests) await putNewest(created, versions, fetching);
  if (!versions.isLast(number)) return;
  for (const { path, text } of versions.state) if (path !== DATA_PATHS.erasureKey) await writeDurably(join(dataDir, path), text);
}

/** Throws `history_mismatch` where this folder replaced files itself that the store does not know of. */
async function demandShared(versions: Versions, known: Reached, { dataDir, store }: Fetching): Promise<void> {
  const own = await stateOf(dataDir);
  // An attempt that was killed has written some of them, the newest one as not searched too.
  const said = new Set(versions.state.map(({ text }) => unsearched(text)));
  const unshared = unsharedState(own, known).filter(
    (file) => !versions.has({ ...file, text: '' }, file.text) && !said.has(file.text),
  );
  if (unshared.length === 0 && (await isAllShared(dataDir))) return;
  const what = unshared[0]?.path ?? 'replaced manifests';
  throw new TributaryError(
    'history_mismatch',
    `${dataDir} must have no ${what} of its own, as another folder replaces files of ${store.place}. One folder alone may have generations; begin with an empty one`,
  );
}

async function putNewest(created: Created, versions: Versions, fetching: Fetching): Promise<void> {
  const { dataDir } = fetching;
  const path = join(dataDir, created.path);
  const newest = { path: created.path, text: await versions.newest(created) };
  const segment = segmentOf(newest);
  const before = await readIfThere(path);
  if (segment === null || before === undefined || before === newest.text) return;
  const [old, files] = [segmentOf({ path: created.path, text: before }), filesOf(segment)];
  if (old?.upTo !== segment.upTo || old.after !== segment.after)
    throw new TributaryError('manifest_corrupt', `${created.path} in ${fetching.store.place} has another range than before`);
  await sideBySide(
    AT_ONCE,
    files.map((file) => () => fetchFile(file, segment.partition, fetching)),
  );
  await writeDurably(path, newest.text);
  const named = new Set(files.map((file) => file.path));
  for (const file of filesOf(old)) if (!named.has(file.path)) await rm(join(dataDir, file.path), { force: true });
}
