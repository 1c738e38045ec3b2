/**
 * A short read of one key: what the connection of the library needs of a command, and no more. The library's own makes two closures, two lists and a text for
 * each argument: for the three reads of an answer about one user 8 KB of garbage, and half of what they take of the processor.
 *
 * As any command it is bounded by the connection's `commandTimeout`, and rejects when the connection ends before its reply.
 */
import { Command, type Redis } from 'ioredis';

type Reply = Buffer | null | number | readonly Reply[];

interface Form<T> {
  readonly name: string;
  /** Behind the key. */
  readonly rest: readonly string[];
  /** What Redis reads (RESP) before the length of the key, and behind the key. */
  readonly head: string;
  readonly tail: string;
  readonly read: (reply: Reply) => T;
}

/** Asks for the key on this connection at once: it is on its way when the call returns. */
export type ShortRead<T> = (redis: Redis, key: string) => Promise<T>;

/** A read whose reply is bytes; none where the key is not there. `rest`: the arguments behind the key. */
export function readOfBytes(name: string, rest: readonly string[]): ShortRead<Buffer> {
  return readOf(name, rest, null, (reply) => reply as Buffer);
}

/** A read whose reply is a list of texts, null for what is not there. */
export function readOfTexts(name: string, rest: readonly string[]): ShortRead<(string | null)[]> {
  return readOf(name, rest, 'utf8', textsOf);
}

function readOf<T>(name: string, rest: readonly string[], replyEncoding: 'utf8' | null, read: Form<T>['read']): ShortRead<T> {
  const form: Form<T> = { name, rest, head: `*${rest.length + 2}\r\n${framed(name)}$`, tail: rest.map(framed).join(''), read };
  return (redis, key) => {
    // A cluster looks at the keys of a command, and may send it elsewhere.
    const command = redis.isCluster ? new Command(name, [key, ...rest], { replyEncoding }) : new ShortCommand(form, key);
    return redis.sendCommand(command as Command) as Promise<T>;
  };
}

function framed(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function textsOf(reply: Reply): (string | null)[] {
  return (reply as readonly (Buffer | null)[]).map(textOf);
}

function textOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString();
}

/** The members of the library's `Command` that a connection to a single Redis uses. */
class ShortCommand<T> {
  readonly promise: Promise<T>;
  isTraced = false;
  readonly inTransaction = false;
  readonly #form: Form<T>;
  readonly #key: string;
  readonly #settle: { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void };
  #timer: NodeJS.Timeout | undefined;

  constructor(form: Form<T>, key: string) {
    this.#form = form;
    this.#key = key;
    this.#settle = Promise.withResolvers<T>();
    this.promise = (this.#settle as PromiseWithResolvers<T>).promise;
  }

  get name(): string {
    return this.#form.name;
  }

  /** For errors of the library, and its traces. */
  get args(): string[] {
    return [this.#key, ...this.#form.rest];
  }

  setReplyContext(): void {}

  setTimeout(ms: number): void {
    this.#timer ??= setTimeout(timedOut, ms, this);
  }

  toWritable(): string {
    const key = this.#key;
    return `${this.#form.head}${Buffer.byteLength(key)}\r\n${key}\r\n${this.#form.tail}`;
  }

  resolve(reply: Reply): void {
    clearTimeout(this.#timer);
    try {
      this.#settle.resolve(this.#form.read(reply));
    } catch (error) {
      this.#settle.reject(error as Error);
    }
  }

  reject(error: Error): void {
    clearTimeout(this.#timer);
    this.#settle.reject(error);
  }
}

/** After a turn that took long, timers come before sockets are read: what came meanwhile is read before the command is given up. */
function timedOut(command: Pick<ShortCommand<unknown>, 'reject'>): void {
  setImmediate(() => command.reject(new Error('Command timed out')));
}
