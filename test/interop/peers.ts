/**
 * Implementations in other languages, each a program that is one end of connections, one at a time, and does as it is
 * told: commands go to its standard input, and what happens to it comes out of its standard output, a line of JSON each.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What a peer is started with, beside its role. */
export interface PeerOptions {
  subprotocols?: readonly string[];
  /** Whether it compresses; where it can be told, with these parameters. */
  compress?: boolean;
  deflate?: { server_no_context_takeover?: boolean; client_no_context_takeover?: boolean };
  /** Its messages leave in fragments of this many bytes (of characters, for text of python3-websockets). */
  fragment?: number;
}

interface PeerEvents {
  port: { port: number };
  open: { subprotocol: string; extensions: string };
  message: { message: string | Uint8Array };
  pong: { data: string };
  close: { code: number; reason: string };
}

interface RawMessage {
  binary: boolean;
  data: string;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** One end of connections, one at a time. */
export class Peer {
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;
  #isOpen: boolean;

  constructor(child: Child) {
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#isOpen = false;
  }

  /** The next thing that happens to it, which must be this; pongs are passed over where none is asked for. */
  async next<K extends keyof PeerEvents>(event: K): Promise<PeerEvents[K]> {
    for (;;) {
      const { event: found, ...details } = await this.#read(event);
      if (found === 'pong' && event !== 'pong') continue;
      if (found !== event) throw new Error(`${event} was expected, and ${found} came`);
      if (event === 'message') return { message: messageOf(details as unknown as RawMessage) } as PeerEvents[K];
      if (event === 'pong') details.data = Buffer.from(details.data as string, 'base64').toString();
      return details as unknown as PeerEvents[K];
    }
  }

  /** Passes over all that happens until its connection has ended. */
  async untilClosed(): Promise<void> {
    while (this.#isOpen) await this.#read('close');
  }

  /** A client: opens a connection. */
  connect(url: string): void {
    this.#tell({ do: 'connect', url });
  }

  send(message: string | Uint8Array): void {
    this.#tell({ do: 'send', binary: typeof message !== 'string', data: base64(message) });
  }

  ping(data: string): void {
    this.#tell({ do: 'ping', data: base64(data) });
  }

  /** Sends a Close frame; with 1005, one without a code. */
  close(code: number, reason: string): void {
    this.#tell({ do: 'close', code, reason });
  }

  /** Ends the transport without a word. */
  drop(): void {
    this.#tell({ do: 'drop' });
  }

  /** Ends the program, whatever it is at. */
  end(): void {
    this.#child.stdin.destroy();
    this.#child.kill('SIGKILL');
  }

  async #read(expected: string): Promise<{ event: string } & Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the peer has ended, and ${expected} was expected`);
    const line = JSON.parse(value) as { event: string };
    if (line.event === 'open') this.#isOpen = true;
    if (line.event === 'close') this.#isOpen = false;
    return line;
  }

  #tell(command: object): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }
}

/** An implementation that peers can be made of. */
export interface PeerKind {
  readonly name: string;
  /** Whether it is installed. */
  readonly isHere: boolean;
  /** Makes it ready, once. Returns what undoes that. */
  prepare(): () => void;
  /** What the extension field says when it compresses and we ask for nothing in particular. */
  readonly compresses: (options: PeerOptions) => RegExp;
  start(job: PeerOptions & { role: 'server' | 'client' }): Peer;
}

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** The Debian package golang-github-gorilla-websocket-dev; it is compiled without modules, from where Debian has it. */
const GOCODE = '/usr/share/gocode';
let binary = '';

export const gorilla: PeerKind = {
  name: 'gorilla/websocket',
  isHere: existsSync(`${GOCODE}/src/github.com/gorilla/websocket`) && spawnSync('go', ['version']).status === 0,
  prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-gorilla-'));
    binary = join(folder, 'peer');
    const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH: GOCODE, GOCACHE: goCache() };
    const { status, stderr } = spawnSync('go', ['build', '-o', binary, at('gorilla-peer.go')], { env });
    if (status !== 0) throw new Error(`go build failed: ${String(stderr)}`);
    return () => rmSync(folder, { recursive: true });
  },
  // It knows no other way.
  compresses: () => /^permessage-deflate; server_no_context_takeover; client_no_context_takeover$/,
  start: (job) => begin(binary, [], job),
};

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import websockets.extensions.permessage_deflate']).status === 0,
);

export const websockets: PeerKind = {
  name: 'python3-websockets',
  isHere: python !== undefined,
  prepare: () => () => {},
  compresses: ({ deflate }) =>
    deflate === undefined
      ? /^permessage-deflate(?!.*no_context_takeover)/
      : /^permessage-deflate(?=.*server_no_context_takeover)(?=.*client_no_context_takeover)/,
  start: ({ compress, deflate = {}, ...job }) =>
    begin(python!, [at('websockets-peer.py')], compress ? { ...job, deflate } : job),
};

function begin(command: string, args: readonly string[], job: object): Peer {
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  return new Peer(spawn(command, [...args, JSON.stringify(job)], { stdio: [...stdio], timeout: 300_000 }) as Child);
}

/** Go's own cache, or one of ours where it has no home. */
function goCache(): string {
  return process.env.GOCACHE ?? join(process.env.HOME ?? tmpdir(), '.cache/go-build');
}

function base64(data: string | Uint8Array): string {
  return Buffer.from(data as string).toString('base64');
}

function messageOf({ binary, data }: RawMessage): string | Uint8Array {
  const bytes = Buffer.from(data, 'base64');
  return binary ? new Uint8Array(bytes) : bytes.toString();
}
