/** Why a server did not answer, in words. */

/** "fetch failed" says nothing; its cause does. */
export function reasonOf(error: unknown): string {
  if (isPlainServer(error)) return 'it answers without TLS';
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** An https:// address of a server that speaks plain HTTP: no later attempt helps. */
export function isPlainServer(error: unknown): boolean {
  return (causeOf(error) as { code?: unknown } | null)?.code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

export const PLAIN_SERVER_FIX = 'Write http:// instead of https:// in its address, or name a server that has TLS.';

function causeOf(error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof AggregateError && cause.errors.length > 0 ? causeOf(cause.errors[0]) : cause;
}
