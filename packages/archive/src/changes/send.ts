/** Files of segments, sent to the store before a change names them: an object that is there has the same bytes. */
import { join } from 'node:path';
import { sideBySide } from '../compute/side-by-side.ts';
import type { SegmentManifest } from '../layout.ts';
import { contentOfFile } from '../objects/port.ts';
import { filesOf, objectOf } from './change.ts';
import type { Fetching } from './fetch.ts';

/** Files that are sent at once. */
const AT_ONCE = 8;

export async function sendFiles(
  segments: readonly SegmentManifest[],
  { dataDir, store, signal }: Pick<Fetching, 'dataDir' | 'store' | 'signal'>,
): Promise<void> {
  const tasks = segments
    .flatMap(filesOf)
    .map((file) => () => store.create(objectOf(file), contentOfFile(join(dataDir, file.path), file), signal));
  await sideBySide(AT_ONCE, tasks);
}
