/** Errors as clients see them: RFC 9457 problem details, every code from the one table in the model. */
import { type Problem, problemOf } from '@tributary/contract/shapes/problem';
import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** JSON of a problem in the form of another protocol; absent: RFC 9457. */
    problemAs?: (problem: Problem) => string;
  }
}

/** `fix`: another than that of the code. */
export function sendProblem(reply: FastifyReply, code: ErrorCode, detail: string, fix?: string): FastifyReply {
  const problem = problemOf(code, detail, reply.request.id, fix);
  const { retryAfterS } = ERRORS[code];
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  if (code === 'unauthorized' && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer realm="tributary"');
  const { problemAs } = reply.request.routeOptions.config;
  reply.code(problem.status);
  if (problemAs !== undefined) return reply.type('application/json; charset=utf-8').send(problemAs(problem));
  return reply.type('application/problem+json').send(JSON.stringify(problem));
}

/** `report` hears of what the operator should know: defects and failing stores, each with its request id. */
export function errorHandler(report: (message: string, cause: unknown) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { code, detail } = translate(error);
    if (ERRORS[code].status >= 500) report(`request ${request.id}: ${code}: ${detail}`, error);
    return sendProblem(reply, code, detail);
  };
}

/** What an error means to a client. An unknown error is `internal`, and its message stays inside. */
export function translate(error: FastifyError | Error): { code: ErrorCode; detail: string } {
  if (error instanceof TributaryError) return { code: error.code, detail: error.message };
  const { code = '', statusCode, message } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return { code: 'body_too_large', detail: 'the body is larger than this route takes' };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return { code: 'unsupported_media_type', detail: `${message}: this API reads application/json` };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { code: 'invalid_query', detail: message };
  return { code: 'internal', detail: 'the request failed inside the API; its log has the cause under this request id' };
}
