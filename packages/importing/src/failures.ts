/** What ends the reading or the sending of a file. The command line makes messages and exit codes of them. */

/** What was asked for, or the file that was named, cannot be read so: `NAME must RULE (got VALUE). FIX.` */
export class InputError extends Error {
  override readonly name: string = 'InputError';
}

/** `usage`: another file or option is needed. `failed`: an operator acts on the fix. `unanswered`: something it depends on does not answer. */
export type FailureKind = 'usage' | 'failed' | 'unanswered';

export interface Advised {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** An expected failure with its own advice. `code` is a word for scripts, or that of the system (`EACCES`). */
export class AdvisedError extends Error {
  readonly code: string;
  readonly fix: string;

  constructor({ code, message, fix }: Advised, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fix;
  }
}

export class InputFailure extends AdvisedError {
  override readonly name = 'InputFailure';
  readonly kind: FailureKind;

  constructor(failure: Advised & { readonly kind?: FailureKind }, options?: ErrorOptions) {
    super(failure, options);
    this.kind = failure.kind ?? 'failed';
  }
}

/** What the system says of a file that is misnamed, by its code. */
export const MISNAMED: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
};
