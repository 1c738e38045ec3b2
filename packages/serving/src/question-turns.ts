/**
 * Questions over many rows, and those to groups of users, one at a time in this process: the next one finds remembered what the one before
 * asked as well, and the turns of many at once would be one long turn.
 *
 * Each may pass over a million rows, so who asks is held to four bounds: few wait, one key alone has half of the places; keys take turns; a
 * question whose client left is not begun, or stopped at its next turn; and none waits or works beyond its deadline.
 */
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { type Asker, createTurnsOfKeys } from '@tributary/runtime/http/turns-of-keys';
import { turn } from './rows-in-turns.ts';

export interface QuestionTurns {
  /**
   * Resolves when `work` has. `goOn` lets other requests go on, and rejects where the question is to stop. Rejects with `overloaded`,
   * `groups_timeout`, or as `work` does.
   */
  take(asker: Asker, work: (goOn: () => Promise<void>) => Promise<void>): Promise<void>;
}

export interface TurnLimits {
  /** For one question, from the moment it was asked, ms. */
  readonly timeoutMs: number;
  /** Questions that wait, or are being answered. */
  readonly mostQuestions: number;
}

interface Waiting {
  readonly asker: Asker;
  begin(): void;
  fail(error: Error): void;
}

/** What a refusal says. */
interface Words {
  readonly questions: string;
  readonly question: string;
  /** A question is given up with this code: its client left, or its time was over. */
  readonly late: ErrorCode;
}

const OF_GROUPS: Words = {
  questions: 'questions about groups of users',
  question: 'the question about groups of users',
  late: 'groups_timeout',
};

export const OF_ROWS: Words = {
  questions: 'questions over many rows',
  question: 'the question over many rows',
  late: 'overloaded',
};

export function createQuestionTurns(
  { timeoutMs, mostQuestions }: TurnLimits = { timeoutMs: 30_000, mostQuestions: 32 },
  { questions, question, late: code }: Words = OF_GROUPS,
): QuestionTurns {
  const late = (why: string) => new TributaryError(code, `${question} was given up: ${why}`);
  const shares = createFairShare(mostQuestions);
  const queue = createTurnsOfKeys<Waiting>();
  let isBusy = false;

  function beginNext(): void {
    isBusy = false;
    let next = queue.next();
    for (; next?.asker.isGone() === true; next = queue.next()) next.fail(late(LEFT));
    if (next === undefined) return;
    isBusy = true;
    next.begin();
  }

  return {
    async take(asker, work) {
      const { key } = asker;
      if (!shares.fits(key, 1))
        throw new TributaryError(
          'overloaded',
          `${shares.heldBy(key)} ${questions} wait for this key already, and ${shares.held} for all keys`,
        );
      shares.take(key, 1);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let isLate = false;
      const goOn = async () => {
        await turn();
        if (isLate) throw late(`it took longer than ${timeoutMs / 1_000} s, its turn included`);
        if (asker.isGone()) throw late(LEFT);
      };
      const waiting: Waiting = {
        asker,
        begin: () => void work(goOn).then(resolve, reject).finally(beginNext),
        fail: reject,
      };
      const timer = setTimeout(() => {
        isLate = true;
        if (queue.remove(waiting)) reject(late(`its turn did not come in ${timeoutMs / 1_000} s`));
      }, timeoutMs);
      queue.add(waiting);
      if (!isBusy) beginNext();
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        shares.give(key, 1);
      }
    },
  };
}

const LEFT = 'no request waits for it any more';
