/**
 * The page of /docs: every operation, to be read and tried out. Browsers ask for a key before they show it; the page goes on with that key, so
 * that it is typed once, and keeps it nowhere: the browser forgets it when it is closed.
 */
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type Json, openApi } from '@tributary/contract/openapi';
import type { FastifyInstance } from 'fastify';
import { keyOfDocs } from './http/auth.ts';

/** No inline script anywhere; the page brings its own files. `https:` is not forced: loopback speaks http. */
const CSP = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M4 4c0 10 12 8 12 16v8M28 4c0 10-12 8-12 16" fill="none" stroke="#1b6fa8" stroke-width="4" stroke-linecap="round"/></svg>`;

/** Made when it is first asked for: it takes a seventh of the processor time in which an API starts, and most are never asked. */
let made: Json | undefined;
const documentOf = (): Json => (made ??= openApi('0.1.0'));

export async function addDocsPage(app: FastifyInstance): Promise<void> {
  // The page needs the plugin; what it shows is the transformed one.
  await app.register(swagger, { mode: 'static', specification: { document: { openapi: '3.1.0' } as never } });
  await app.register(async (docs) => {
    await docs.register(helmet, {
      contentSecurityPolicy: { useDefaults: false, directives: CSP },
      strictTransportSecurity: false,
    });
    // Pages of other origins cannot read it: no answer of this API allows their credentials.
    docs.get('/docs/key', async ({ headers }, reply) =>
      reply.header('cache-control', 'no-store').send({ key: keyOfDocs(headers.authorization) }),
    );
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      transformSpecification: documentOf,
      transformSpecificationClone: false,
      theme: {
        title: 'Tributary: the serving API',
        favicon: [{ filename: 'tributary.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: ICON }],
      },
      uiConfig: {
        layout: 'BaseLayout',
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
        displayRequestDuration: true,
        filter: true,
        tryItOutEnabled: true,
        persistAuthorization: false,
        onComplete: authorize,
      },
    });
  });
}

/** Both are of the script that this becomes part of. */
declare const ui: { preauthorizeApiKey(scheme: string, key: string): void };
declare function resolveUrl(path: string): string;

/** Runs in the page. */
function authorize(): void {
  void fetch(resolveUrl('./key'))
    .then((answer) => answer.json() as Promise<{ readonly key: string }>)
    .then(({ key }) => ui.preauthorizeApiKey('key', key));
}
