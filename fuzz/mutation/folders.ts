import { globSync } from 'tinyglobby';

const FILES: readonly string[] = globSync('protocol/**/*.ts')
  .map((path) => path.slice('protocol/'.length, -'.ts'.length))
  .sort();

/** The folders of the core, those within folders too, as `handshake/http1`; what lies in none of them is in `root`. */
export const FOLDERS: readonly string[] = [...new Set(FILES.map(folderOf))];

/** A folder's files, as `framing/encoder`: by construction, so that a file that is new is not forgotten. */
export function filesOf(folder: string): string[] {
  return FILES.filter((file) => folderOf(file) === folder);
}

/** The tests that are to kill a folder's mutants: those of the room that it is in, and those of whole connections. */
export function testsOf(folder: string): string[] {
  const room = folder.split('/')[0];
  return globSync([`test/protocol/${room}/**/*.test.ts`, 'test/protocol/*.test.ts']).sort();
}

export function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : 'root';
}
