/** Errors that may go away by themselves: what met one is tried again, and leaves things as they were. */
import { type ErrorCode, TributaryError } from '@tributary/model/errors';

const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['log_unavailable', 'store_unavailable']);

export function isTransient(error: unknown): boolean {
  return error instanceof TributaryError && TRANSIENT.has(error.code);
}
