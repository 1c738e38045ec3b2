/** The pages of a shop, as they would embed each library; served from another origin than the collector's. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const PACKAGES = join(import.meta.dirname, '../../node_modules');
const SCRIPTS: Readonly<Record<string, string>> = {
  '/posthog.js': join(PACKAGES, 'posthog-js/dist/array.js'),
  '/posthog-bootstrap.js': join(PACKAGES, 'posthog-js/dist/loader-bootstrap.js'),
  '/rudder.js': join(PACKAGES, '@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js'),
};

export interface Pages {
  readonly origin: string;
  close(): Promise<void>;
}

/** `bodies`: what each path has in its body. */
export async function servePages(bodies: Readonly<Record<string, string>>): Promise<Pages> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const script = SCRIPTS[pathname];
    const body = bodies[pathname];
    if (script !== undefined) response.setHeader('content-type', 'text/javascript').end(readFileSync(script));
    else if (body === undefined) response.writeHead(404).end();
    else response.setHeader('content-type', 'text/html').end(`<!doctype html><title>Shop</title><body>${body}</body>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

/** Segment's snippet 5.2.1, its host replaced; `_cdn` because the library itself finds its host in `https:` addresses alone. */
export function segmentSnippet(url: string, key: string): string {
  return `<script>
  !function(){var i="analytics",analytics=window[i]=window[i]||[];if(!analytics.initialize)if(analytics.invoked)window.console&&console.error&&console.error("Segment snippet included twice.");else{analytics.invoked=!0;analytics.methods=["trackSubmit","trackClick","trackLink","trackForm","pageview","identify","reset","group","track","ready","alias","debug","page","screen","once","off","on","addSourceMiddleware","addIntegrationMiddleware","setAnonymousId","addDestinationMiddleware","register"];analytics.factory=function(e){return function(){if(window[i].initialized)return window[i][e].apply(window[i],arguments);var n=Array.prototype.slice.call(arguments);if(["track","screen","alias","group","page","identify"].indexOf(e)>-1){var c=document.querySelector("link[rel='canonical']");n.push({__t:"bpc",c:c&&c.getAttribute("href")||void 0,p:location.pathname,u:location.href,s:location.search,t:document.title,r:document.referrer})}n.unshift(e);analytics.push(n);return analytics}};for(var n=0;n<analytics.methods.length;n++){var key=analytics.methods[n];analytics[key]=analytics.factory(key)}analytics.load=function(key,n){var t=document.createElement("script");t.type="text/javascript";t.async=!0;t.setAttribute("data-global-segment-analytics-key",i);t.src="${url}/analytics.js/v1/" + key + "/analytics.min.js";var r=document.getElementsByTagName("script")[0];r.parentNode.insertBefore(t,r);analytics._loadOptions=n};analytics._writeKey="${key}";analytics._cdn="${url}";analytics.SNIPPET_VERSION="5.2.1";
  analytics.load("${key}");
  analytics.page();
  }}();
  </script>`;
}
