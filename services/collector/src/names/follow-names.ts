/**
 * The names that mean something, as definitions change: those of the file, which the next run takes, and those of the generation that
 * readers have, which may be others: sent with a run, or gone back to. A conversion in force that reads `(other)` would do so for ever.
 */
import { readGeneration } from '@tributary/archive/generations';
import type { Publication } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { startRunLoop } from '@tributary/runtime/process/run-loop';
import { knownNames } from './known-names.ts';
import type { KnownNames } from './names.ts';

interface Notes {
  info(message: string): void;
  warn(message: string): void;
}

const POLL_EVERY_MS = 5_000;

export interface FollowedNames {
  /** As of the last poll. */
  readonly known: KnownNames;
  /** Rejects where one of both cannot be read: its last names stay, and the other is followed. */
  poll(): Promise<void>;
}

/** Rejects where the file cannot be read at the start. */
export async function followNames(readFile: () => Promise<Definitions>, dataDir: string): Promise<FollowedNames> {
  let file = await readFile();
  let published: { readonly as: Publication; readonly definitions: Definitions } | null = null;
  let names = knownNames(file);

  async function readAgain(): Promise<void> {
    file = await readFile();
  }

  async function readPublished(): Promise<void> {
    const as = await currentPublication(dataDir);
    // A folder that was put back may count from 1 again.
    if (as === null || (as.sequence === published?.as.sequence && as.at === published.as.at)) return;
    const { definitions } = await readGeneration(dataDir, as.generation);
    published = { as, definitions: storedDefinitions(definitions, sha256Hex) };
  }

  return {
    known: {
      get type() {
        return names.type;
      },
      get channel() {
        return names.channel;
      },
      page: (address) => names.page(address),
      counted: (event) => names.counted(event),
    },
    async poll() {
      const outcomes = await Promise.allSettled([readAgain(), readPublished()]);
      names = knownNames(...(published === null ? [] : [published.definitions]), file);
      const failed = outcomes.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}

/** Polls once, then every few seconds until aborted. What is wrong is logged when it begins, and when it is over. */
export async function keepFollowing({ poll }: FollowedNames, logger: Notes, signal: AbortSignal) {
  let trouble = '';
  const onFailed = ({ message }: Error): void => {
    if (message !== trouble) logger.warn(`the names of the definitions known last stay: ${message}`);
    trouble = message;
  };
  const onRecovered = (): void => {
    trouble = '';
    logger.info('the names of the definitions are followed again');
  };
  const backoff = { firstMs: POLL_EVERY_MS, longestMs: POLL_EVERY_MS };
  const first = Promise.withResolvers<void>();
  const iterate = () => poll().finally(first.resolve);
  startRunLoop({ iterate, signal, backoff, restMs: POLL_EVERY_MS, isFatal: () => false, onFailed, onRecovered });
  await first.promise;
}
