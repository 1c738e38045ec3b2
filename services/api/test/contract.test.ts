/** What the server answers on and what the contract says are the same. */
import { ROUTES } from '@tributary/contract/routes';
import { expect, test } from 'vitest';
import { createWorld, READ } from './world.ts';

/** Probes need no key and no schema, the wire of Feast is Feast's, a file is not JSON, the pages of /docs are the contract for people, those of /admin/queues are Bull Board's, and /ui is for the browsers that it is served to. */
const BESIDE =
  /^(GET \/(livez|readyz|metrics|health|docs.*|admin\/queues.*|v1\/training-sets\/:id\/file)|POST \/(get-online-features|push|write-to-online-store)|[A-Z]+ \/ui.*)$/;

test('every registered route is in the contract, and every route of the contract is registered', async () => {
  const { app } = await createWorld();
  const registered = app.printRoutes({ commonPrefix: false, includeHooks: false });
  const routes = pathsOf(registered).filter((route) => !BESIDE.test(route));
  const contract = Object.values(ROUTES).map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect(routes.sort()).toEqual(contract.sort());
});

test('a route asks for the scope that the contract names', async () => {
  const { app } = await createWorld();
  for (const { method, path, scope } of Object.values(ROUTES)) {
    const url = path.replaceAll(/\{\w+\}/g, '1');
    const { statusCode } = await app.inject({
      method,
      url,
      headers: { authorization: READ },
      ...(method === 'POST' && { payload: { unknown: 1 } }),
    });
    expect([path, statusCode === 403]).toEqual([path, scope !== 'read']);
  }
});

test('JSON is sent without spaces, whatever the status', async () => {
  const { app } = await createWorld();
  const statuses = new Set<number>();
  for (const { method, path } of Object.values(ROUTES)) {
    if (method !== 'GET') continue;
    const url = path.replaceAll(/\{\w+\}/g, '1');
    const { statusCode, headers, body } = await app.inject({ method, url, headers: { authorization: READ } });
    if (!/json/.test(String(headers['content-type'])) || body === '') continue;
    expect([path, body.trimEnd()]).toEqual([path, JSON.stringify(JSON.parse(body))]);
    statuses.add(statusCode);
  }
  expect(statuses).toContain(200);
});

/** `METHOD path` of every route, from the tree that the router prints. */
function pathsOf(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^(.*?)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    above.splice(indent.length / 4, above.length, part);
    const path = above.join('');
    return methods.split(', ').flatMap((method) => (/^(GET|POST|DELETE)$/.test(method) ? [`${method} ${path}`] : []));
  });
}
