/** Which requests are page views: GET, answered with 200–399, and no static file. */
import type { Hit } from './log-line.ts';

export type SkipReason = 'method' | 'status' | 'asset';

const ASSET_EXTENSIONS = new Set([
  ...['css', 'js', 'mjs', 'map', 'json', 'xml', 'xsl', 'rss', 'atom', 'txt', 'webmanifest', 'wasm'],
  ...['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico', 'bmp', 'tif', 'tiff'],
  ...['woff', 'woff2', 'ttf', 'otf', 'eot'],
  ...['mp3', 'mp4', 'webm', 'ogg', 'wav', 'avi', 'mov', 'swf', 'flv', 'm3u8', 'ts'],
  ...['zip', 'gz', 'tgz', 'bz2', 'xz', '7z', 'rar', 'tar', 'jar', 'war', 'exe', 'msi', 'dmg', 'deb', 'rpm', 'apk', 'iso', 'gem'],
]);

/** The first reason why a request is not a page view; null when it is one. */
export function notPageView(hit: Pick<Hit, 'method' | 'status' | 'target'>, assets: boolean): SkipReason | null {
  if (hit.method !== 'GET') return 'method';
  if (hit.status < 200 || hit.status > 399) return 'status';
  return !assets && isAsset(hit.target) ? 'asset' : null;
}

function isAsset(target: string): boolean {
  const path = target.replace(/[?#].*$/s, '');
  const extension = /\.([A-Za-z0-9]+)$/.exec(path.slice(path.lastIndexOf('/') + 1));
  return extension !== null && ASSET_EXTENSIONS.has((extension[1] as string).toLowerCase());
}
