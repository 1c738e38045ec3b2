/** What a role does about an error, by its code: the one list. An error that is not named fails what met it, and the rest goes on. */
import { type ErrorCode, TributaryError } from '@tributary/model/errors';

/**
 * `transient`: it may go away by itself. What met it leaves things as they were and is tried again.
 * `fatal`: an operator must act, as the log is another one, entries are gone, or the archive is damaged. To go on would only repeat it.
 */
type ErrorKind = 'transient' | 'fatal';

const KINDS: Readonly<Partial<Record<ErrorCode, ErrorKind>>> = {
  log_unavailable: 'transient',
  store_unavailable: 'transient',
  log_recreated: 'fatal',
  history_mismatch: 'fatal',
  position_expired: 'fatal',
  partition_mismatch: 'fatal',
  unknown_rules: 'fatal',
  manifest_corrupt: 'fatal',
};

export function isTransient(error: unknown): boolean {
  return error instanceof TributaryError && KINDS[error.code] === 'transient';
}

export function isFatal(error: unknown): boolean {
  return error instanceof TributaryError && KINDS[error.code] === 'fatal';
}

/** What is wrong with the settings, or with what they name: it stays so until an operator changes it. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['invalid_config', 'invalid_definitions', 'not_durable', 'partition_mismatch']);

/** The exit code of a role that cannot run with what it was configured with. */
export const REFUSED = 2;

/** Asked of a start: the same error later may come from a file that is just being changed. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TributaryError && REFUSALS.has(error.code);
}
