/** How a command ends. Exit codes are part of the contract with scripts: docs/cli.md lists them. */
import { type Advised, AdvisedError, type FailureKind, InputError, InputFailure } from '@tributary/importing/failures';
import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';

/** `found`: it worked and found something wrong, or it failed. `missing`: something it depends on does not answer. */
export const EXIT = { ok: 0, found: 1, usage: 2, missing: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line itself is wrong. */
export class UsageError extends InputError {
  override readonly name = 'UsageError';
}

/** What `read` makes of a flag; what it refuses as invalid is a usage error of that flag, whose name leads the message. */
export function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'invalid_query')
      throw new UsageError(`--${error.message}`, { cause: error });
    throw error;
  }
}

/** The API answered with an error, or nothing answers. */
export class CommandError extends AdvisedError {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(failure: Advised & { readonly exitCode?: ExitCode }, options?: ErrorOptions) {
    super(failure, options);
    this.exitCode = failure.exitCode ?? EXIT.found;
  }
}

/** What the packages that read files throw, as exit codes. */
const EXIT_OF: Readonly<Record<FailureKind, ExitCode>> = { usage: EXIT.usage, failed: EXIT.found, unanswered: EXIT.missing };

const UNANSWERED: readonly ErrorCode[] = ['dependency_missing', 'objects_unavailable'];

/** Whether it says that the caller asked wrongly; codes of another version are not known. */
export function isOfUsage(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].kind === 'usage';
}

/** What an error means to the caller. Unknown errors are defects and keep their stack. */
export function failureOf(error: unknown): { code: string; message: string; fix?: string; exitCode: ExitCode } {
  if (error instanceof InputError) return { code: 'usage', message: error.message, exitCode: EXIT.usage };
  if (error instanceof InputFailure)
    return { code: error.code, message: error.message, fix: error.fix, exitCode: EXIT_OF[error.kind] };
  if (error instanceof CommandError)
    return { code: error.code, message: error.message, fix: error.fix, exitCode: error.exitCode };
  if (error instanceof TributaryError) {
    const exitCode = UNANSWERED.includes(error.code) ? EXIT.missing : isOfUsage(error.code) ? EXIT.usage : EXIT.found;
    return { code: error.code, message: error.message, fix: error.fix, exitCode };
  }
  if (error instanceof Error && 'code' in error && 'syscall' in error) {
    const wrongName = error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR';
    return { code: String(error.code), message: error.message, exitCode: wrongName ? EXIT.usage : EXIT.found };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message, fix: 'Report it: this is a defect.', exitCode: EXIT.found };
}
