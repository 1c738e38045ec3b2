/**
 * For Fastify's `schemaController`, where no route is checked or answered by JSON Schema: else Fastify loads the libraries for both with
 * the first server, a tenth of the processor time in which a collector starts.
 */
const refuse = () => () => {
  throw new Error('a route must not have a JSON Schema: its server loads no library that reads one');
};

export const WITHOUT_JSON_SCHEMA = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };
