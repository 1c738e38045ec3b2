/**
 * Several commands as one text for the socket. The library makes a promise, a list of arguments and a text of each command, puts the texts together, and makes
 * texts of all that was answered.
 */
import type { Command, Redis } from 'ioredis';

/** What one command was answered, texts as bytes; or an error, which also says that the connection closed before. */
export type Reply = Error | Buffer | number | null | readonly Reply[];

/**
 * Stands for one command in the library's queue of those that have no reply yet: what the library asks of a command that it sends. The first one brings the text
 * of all. It has no time limit of its own: the caller has one for all.
 */
class CommandOfMany {
  readonly name = 'many';
  readonly args: readonly string[] = [];
  readonly isTraced = true;
  readonly inTransaction = false;
  readonly promise = undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  #text: string;

  constructor(text: string, onReply: (reply: Reply) => void) {
    this.#text = text;
    this.resolve = onReply;
    this.reject = onReply;
  }

  setReplyContext(): void {}

  setTimeout(): void {}

  toWritable(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

/** One write to the socket. `onReplies`: of each command of the text, in order; all are called, at once where nothing can be written. */
export function writeCommands(redis: Redis, text: string, onReplies: readonly ((reply: Reply) => void)[]): void {
  const socket = {
    isPipeline: true,
    destination: { redis },
    write: (part: string) => part === '' || redis.stream.write(part),
  } as unknown as NonNullable<Parameters<Redis['sendCommand']>[1]>;
  for (const [i, onReply] of onReplies.entries())
    redis.sendCommand(new CommandOfMany(i === 0 ? text : '', onReply) as unknown as Command, socket);
}

/** A command as Redis reads it (RESP). */
export function commandText(args: readonly string[]): string {
  return headOf(args.length) + args.map(argumentText).join('');
}

export function headOf(args: number): string {
  return `*${args}\r\n`;
}

export function argumentText(arg: string): string {
  return `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
}
