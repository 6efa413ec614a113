/** Packs `sansocket-ws`, the package for npm's overrides, of this version: npm run pack:ws [-- FOLDER] */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '..');

/** Writes the tarball into `folder`. Returns its path. */
export function packWs(folder: string): string {
  const staging = mkdtempSync(join(tmpdir(), 'sansocket-ws-'));
  try {
    cpSync(join(ROOT, 'drivers/ws/package'), staging, { recursive: true });
    cpSync(join(ROOT, 'LICENSE'), join(staging, 'LICENSE'));
    const { version, repository, homepage, bugs } = read(join(ROOT, 'package.json'));
    const manifest: Record<string, any> = {
      ...read(join(staging, 'package.json')),
      version,
      repository,
      homepage,
      bugs,
    };
    // One and the same version of both: what one re-exports, the other has.
    manifest.dependencies = { sansocket: version };
    writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const out = execFileSync('npm', ['pack', '--json', '--pack-destination', resolve(folder)], { cwd: staging });
    const [{ filename }] = JSON.parse(out.toString()) as [{ filename: string }];
    return join(resolve(folder), filename);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function read(path: string): Record<string, any> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, any>;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(`${packWs(process.argv[2] ?? '.')}\n`);
}
