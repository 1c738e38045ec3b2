/** A file that a command reads, or standard input. */
import type { Context } from '../context.ts';
import { CommandError, EXIT, MISNAMED } from '../exit.ts';

/** `file`: "-" is standard input. Throws a usage error where the name is wrong. */
export async function* openInput({ shell }: Context, file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === '-' ? shell.stdin : shell.open(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    const code = String(cause.code);
    const misnamed = MISNAMED[code];
    throw new CommandError(
      {
        code,
        message: `cannot read "${file}": ${misnamed ?? code}`,
        fix:
          misnamed === undefined
            ? 'Make the file readable for this user, then run the same command again.'
            : 'Name a file that is there (relative to this folder), or "-" for standard input.',
        exitCode: misnamed === undefined ? EXIT.found : EXIT.usage,
      },
      { cause },
    );
  }
}
