/**
 * What was decided, in a folder that survives a crash: one line of JSON for each fact, in the order in which it was known.
 *
 *   {"cursor": place}                                all before this place of the stream is finished
 *   {"decided": id, "rule", "who", "at"}             flushed before anything leaves
 *   {"finished": id}                                 the webhook was answered, refused or given up
 *
 * `who` is a keyed hash: no key of a user is stored here, so an erasure has nothing to look for. A decision is remembered until it is finished, for as
 * long as its cooldown, and while its rule answers to the line: a conversion is said again, with other credit, for as long as events come late, and may be a
 * day ahead of the clock.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DAY_MS } from '@tributary/model/time';
import { isRunning } from '@tributary/runtime/process/is-running';
import type { InterventionRule } from '@tributary/signals/interventions/rules';
import { CommandError } from '../exit.ts';

export interface Journal {
  /** Empty: none yet. */
  readonly cursor: string;
  /** Decisions of earlier runs that were not finished. */
  readonly unfinished: number;
  state(id: string): 'unknown' | 'decided' | 'finished';
  /** When the rule last acted on the user, epoch ms. */
  lastAt(rule: string, userKey: string): number | undefined;
  decide(id: string, rule: string, userKey: string, atMs: number): void;
  finish(id: string): void;
  moveTo(cursor: string): void;
  close(): void;
}

/** What says for how long the decisions of a rule are remembered. */
type Remembered = Pick<InterventionRule, 'name' | 'cooldownMs' | 'withinMs'>;

interface Decision {
  readonly rule: string;
  readonly who: string;
  readonly at: number;
  finished: boolean;
}

/** What was not finished by then never is: its line has left the output log, of which a gap was reported. */
const FORGOTTEN_MS = 7 * DAY_MS;
/** Some 300 bytes of memory each. */
const MOST_DECISIONS = 1_000_000;
/** Lines of a file before it is written again without what is over. */
const MOST_LINES = 200_000;

/** Throws where another process has the folder. */
export function openJournal(folder: string, rules: readonly Remembered[], now: () => number): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { assertOwn, unlock } = lock(join(folder, 'process'));
  const salt = saltOf(join(folder, 'salt'));
  const path = join(folder, 'journal.ndjson');
  const kept = read(path);
  const { decisions } = kept;
  const last = new Map<string, number>();
  const slot = (rule: string, who: string) => `${rule}\n${who}`;
  const keptMs = new Map(rules.map(({ name, cooldownMs, withinMs }) => [name, Math.max(cooldownMs, DAY_MS + withinMs)]));
  const hash = (userKey: string) => createHmac('sha256', salt).update(userKey).digest('base64url').slice(0, 22);
  for (const { rule, who, at } of decisions.values())
    last.set(slot(rule, who), Math.max(at, last.get(slot(rule, who)) ?? Number.NEGATIVE_INFINITY));
  const unfinished = [...decisions.values()].filter(({ finished }) => !finished).length;
  let lines = 0;
  let isClosed = false;
  let file = rewrite();

  function rewrite(): number {
    const dayAgo = now() - DAY_MS;
    for (const [id, { rule, who, at, finished }] of decisions)
      if ((finished || at < dayAgo - FORGOTTEN_MS) && at < now() - (keptMs.get(rule) ?? DAY_MS)) {
        decisions.delete(id);
        if (last.get(slot(rule, who)) === at) last.delete(slot(rule, who));
      }
    assertOwn();
    const temporary = `${path}.new`;
    const fd = openSync(temporary, 'w', 0o600);
    const texts = [...decisions].flatMap(([decided, { rule, who, at, finished }]) => [
      { decided, rule, who, at },
      ...(finished ? [{ finished: decided }] : []),
    ]);
    for (const text of [...texts, { cursor: kept.cursor }]) writeSync(fd, `${JSON.stringify(text)}\n`);
    fdatasyncSync(fd);
    renameSync(temporary, path);
    flushFolder(folder);
    lines = 0;
    return fd;
  }

  function append(fact: object, isDurable: boolean): void {
    if (isClosed) return;
    writeSync(file, `${JSON.stringify(fact)}\n`);
    if (isDurable) fdatasyncSync(file);
    lines += 1;
    if (lines < MOST_LINES) return;
    const next = rewrite();
    closeSync(file);
    file = next;
  }

  return {
    get cursor() {
      return kept.cursor;
    },
    unfinished,
    state(id) {
      const decision = decisions.get(id);
      return decision === undefined ? 'unknown' : decision.finished ? 'finished' : 'decided';
    },
    lastAt: (rule, userKey) => last.get(slot(rule, hash(userKey))),
    decide(id, rule, userKey, at) {
      assertOwn();
      if (decisions.size >= MOST_DECISIONS) throw full(folder);
      const who = hash(userKey);
      decisions.set(id, { rule, who, at, finished: false });
      last.set(slot(rule, who), at);
      append({ decided: id, rule, who, at }, true);
    },
    finish(id) {
      const decision = decisions.get(id);
      if (decision !== undefined) decision.finished = true;
      append({ finished: id }, false);
    },
    moveTo(cursor) {
      kept.cursor = cursor;
      append({ cursor }, false);
    },
    close() {
      isClosed = true;
      fdatasyncSync(file);
      closeSync(file);
      unlock();
    },
  };
}

/** A last line that was cut by a crash is left out: what it said was not acted on. */
function read(path: string): { cursor: string; readonly decisions: Map<string, Decision> } {
  const decisions = new Map<string, Decision>();
  const kept = { cursor: '', decisions };
  if (!existsSync(path)) return kept;
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const { cursor, decided, finished = '', rule = '', who = '', at = 0 } = factOf(line, path);
    if (cursor !== undefined) kept.cursor = cursor;
    if (decided !== undefined) decisions.set(decided, { rule, who, at, finished: false });
    const ended = decisions.get(finished);
    if (ended !== undefined) ended.finished = true;
  }
  return kept;
}

interface Fact {
  readonly cursor?: string;
  readonly decided?: string;
  readonly finished?: string;
  readonly rule?: string;
  readonly who?: string;
  readonly at?: number;
}

function factOf(line: string, path: string): Fact {
  try {
    return JSON.parse(line) as Fact;
  } catch (cause) {
    throw new CommandError(
      {
        code: 'folder_damaged',
        message: `each line of ${path} must be JSON (got ${JSON.stringify(line.slice(0, 60))})`,
        fix: 'Bring the folder back from a backup, or give another: it begins with what comes next, and knows of no cooldown.',
      },
      { cause },
    );
  }
}

/** A file that was created or renamed is there after a loss of power. */
function flushFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

const SALT_BYTES = 32;

/** One that a crash left half written is made again: nothing was hashed with it. */
function saltOf(path: string): Buffer {
  const there = existsSync(path) ? readFileSync(path) : null;
  if (there?.length === SALT_BYTES) return there;
  const salt = randomBytes(SALT_BYTES);
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, salt);
  fdatasyncSync(fd);
  closeSync(fd);
  return salt;
}

interface Lock {
  /** Throws where another process has taken the folder. */
  assertOwn(): void;
  unlock(): void;
}

/**
 * The id of the process that has the folder; a process that is gone, or had our id, has it no more. Processes of two containers do not see each
 * other, and may have one id: the later one takes the folder, and the earlier one, by what stands beside the id, decides nothing from then on.
 */
function lock(path: string): Lock {
  const own = `${process.pid} ${randomUUID()}`;
  const isOwn = () => existsSync(path) && readFileSync(path, 'utf8') === own;
  for (;;)
    try {
      const fd = openSync(path, 'wx', 0o600);
      writeSync(fd, own);
      closeSync(fd);
      return {
        assertOwn() {
          if (!isOwn()) throw taken(path, 'another process');
        },
        unlock() {
          if (isOwn()) rmSync(path, { force: true });
        },
      };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
      if (pid > 0 && pid !== process.pid && isRunning(pid)) throw taken(path, `process ${pid}`, cause);
      rmSync(path, { force: true });
    }
}

function taken(path: string, holder: string, cause?: unknown): CommandError {
  return new CommandError(
    {
      code: 'folder_in_use',
      message: `--folder must belong to one process (got ${path}, which ${holder} holds)`,
      fix: 'Stop that process, or give another folder.',
    },
    { cause },
  );
}

function full(folder: string): CommandError {
  return new CommandError({
    code: 'folder_full',
    message: `${folder} must remember at most ${MOST_DECISIONS} decisions (got more)`,
    fix: 'Shorten `cooldown` and `within` of rules that answer to many users: decisions are remembered for as long as both.',
  });
}
