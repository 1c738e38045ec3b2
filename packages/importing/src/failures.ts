/** What ends the reading or the sending of a file. The command line makes messages and exit codes of them. */

/** What was asked for, or the file that was named, cannot be read so: `NAME must RULE (got VALUE). FIX.` */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** `usage`: another file or option is needed. `failed`: an operator acts on the fix. `unanswered`: something it depends on does not answer. */
export type FailureKind = 'usage' | 'failed' | 'unanswered';

/** An expected failure with its own advice. `code` is a word for scripts, or that of the system (`EACCES`). */
export class InputFailure extends Error {
  override readonly name = 'InputFailure';
  readonly code: string;
  readonly fix: string;
  readonly kind: FailureKind;

  constructor(failure: { code: string; message: string; fix: string; kind?: FailureKind }, options?: ErrorOptions) {
    super(failure.message, options);
    this.code = failure.code;
    this.fix = failure.fix;
    this.kind = failure.kind ?? 'failed';
  }
}

/** What the system says of a file that is misnamed, by its code. */
export const MISNAMED: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
};
