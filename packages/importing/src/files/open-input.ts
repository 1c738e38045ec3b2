/** A file that a command reads, or standard input. */
import { InputFailure, MISNAMED } from '../failures.ts';

/** The files and the standard input of the caller. */
export interface InputSource {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly open: (path: string) => AsyncIterable<Uint8Array>;
}

/** `file`: "-" is standard input. Throws a failure with the code of the system, of usage where the name is wrong. */
export async function* openInput(source: InputSource, file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === '-' ? source.stdin : source.open(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    const code = String(cause.code);
    const misnamed = MISNAMED[code];
    throw new InputFailure(
      {
        code,
        message: `cannot read "${file}": ${misnamed ?? code}`,
        fix:
          misnamed === undefined
            ? 'Make the file readable for this user, then run the same command again.'
            : 'Name a file that is there (relative to this folder), or "-" for standard input.',
        kind: misnamed === undefined ? 'failed' : 'usage',
      },
      { cause },
    );
  }
}
