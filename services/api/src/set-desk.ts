/** Training sets as the API asks them: files of the data folder, and the queue that they share with questions to the archive. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readProgress, SET_WORK } from '@tributary/archive/asked/training-sets';
import { TributaryError } from '@tributary/model/errors';
import type { QuestionQueue } from '@tributary/queue/question-queue';
import type { SetDesk } from './ports.ts';

export function openSetDesk(dataDir: string, queue: Pick<QuestionQueue, 'ask' | 'state' | 'remove'>): SetDesk {
  return {
    create: (asked) => SET_WORK.create(dataDir, asked),
    read: (id) => SET_WORK.read(dataDir, id),
    list: () => SET_WORK.list(dataDir),
    cancel: (id, atMs) => SET_WORK.cancel(dataDir, id, atMs),
    enqueue: queue.ask,
    state: queue.state,
    remove: queue.remove,
    progress: (id) => readProgress(dataDir, id),
    async open({ path }) {
      const file = await open(join(dataDir, path)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'ENOENT') throw cause;
        throw new TributaryError('not_found', `${path} does not exist any more: the training set was removed`, { cause });
      });
      return file.createReadStream();
    },
  };
}
