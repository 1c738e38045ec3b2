/** The client as others get it: built, packed, and installed from the tarball into an empty project without a network. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../packages/client/build/build.ts';

export interface Project {
  readonly folder: string;
  /** The path of the installed package. */
  readonly client: string;
  remove(): void;
}

export function installClient(): Project {
  const root = mkdtempSync(join(tmpdir(), 'packed-client-'));
  const folder = join(root, 'project');
  const npm = (...args: readonly string[]) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, npm_config_cache: join(root, 'cache'), npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  mkdirSync(folder);
  build(join(root, 'package'));
  npm('pack', join(root, 'package'), '--silent');
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  npm('install', './tributary-client-0.1.0.tgz');
  const client = join(folder, 'node_modules/@tributary/client');
  return { folder, client, remove: () => rmSync(root, { recursive: true, force: true }) };
}
