/** A route of the contract on the server: its path, the scope that it needs, and the validation of what comes in. */
import { refusalOf } from '@tributary/contract/shapes/refusal';
import type { Answer, Request, Route } from '@tributary/contract/shapes/route';
import { TributaryError } from '@tributary/model/errors';
import { ruleOf } from '@tributary/model/schema-rule';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

export type Handler<R extends Route> = (
  request: Omit<FastifyRequest, keyof Request<R>> & Request<R>,
  reply: FastifyReply,
) => Promise<Answer<R> | Buffer | FastifyReply>;

const NOTHING = z.strictObject({});
export function serve<R extends Route>(app: FastifyInstance, route: R, handler: Handler<R>): void {
  const { method, path, scope, params, query = NOTHING, body = NOTHING, status = 200 } = route;
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { scope },
    schema: { querystring: query, ...(params !== undefined && { params }), ...(method === 'POST' && { body: orNone(body) }) },
    handler: (request, reply) => handler(request as unknown as Parameters<Handler<R>>[0], reply.code(status)),
  });
}

/** A body of which nothing is required may be left out. */
function orNone(body: z.ZodType): z.ZodType {
  const none = body.safeParse({});
  return none.success ? body.nullish().transform((given) => given ?? none.data) : body;
}

interface Compiled {
  readonly schema: unknown;
  readonly httpPart?: string;
}

const PARTS: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };

/** For Fastify: what is not as the schema says is refused with `invalid_query`. */
export function compileValidator({ schema, httpPart = 'request' }: Compiled) {
  const part = PARTS[httpPart] ?? httpPart;
  return (asked: unknown): { readonly value: unknown } | { readonly error: Error } => {
    const read = (schema as z.ZodType).safeParse(asked, { error: ruleOf });
    return read.success
      ? { value: read.data }
      : { error: new TributaryError('invalid_query', refusalOf(read.error.issues, asked, part)) };
  };
}
