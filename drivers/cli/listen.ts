import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize, sep } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { broadcast, listen, type HttpResponse, type NodeServerOptions, type WebSocket } from '../index.ts';
import { aborted, Exit, UsageError, untilInterrupted } from './exit.ts';
import { paint, printable, size } from './terminal.ts';

export interface ListenOptions {
  host: string;
  broadcast?: boolean;
  exec?: string;
  static?: string;
  tls?: string;
  allowOrigin?: string[];
  subprotocol?: string[];
  compress?: boolean;
  json?: boolean;
}

/** `sansocket listen [PORT]`. */
export async function serve(port: number, options: ListenOptions): Promise<number> {
  if (options.broadcast && options.exec !== undefined) throw new UsageError('either --broadcast or --exec');
  const folder = options.static;
  if (folder !== undefined && !usable(() => statSync(folder)).isDirectory()) {
    throw new UsageError(`--static wants a folder, and ${folder} is none`);
  }
  const interrupted = untilInterrupted();
  const say = (event: Record<string, unknown>, text: string): void => {
    if (options.json) process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
    else process.stdout.write(`${paint('dim', new Date().toISOString().slice(11, 23))} ${printable(text)}\n`);
  };
  const everybody = new Set<WebSocket>();
  const children = new Set<ChildProcess>();
  process.once('exit', () => children.forEach(endProcess));
  let count = 0;

  const handler = async (ws: WebSocket): Promise<void> => {
    const id = ++count;
    const { path } = ws.request!;
    say({ event: 'open', id, path, remoteAddress: ws.remoteAddress }, `#${id} open ${path} from ${ws.remoteAddress}`);
    everybody.add(ws);
    try {
      if (options.exec !== undefined) await runProcess(ws, options.exec, children);
      else
        for await (const message of ws) {
          const what = typeof message === 'string' ? message.slice(0, 200) : `${size(message.length)} of binary`;
          say({ event: 'message', id, length: message.length }, `#${id} ${what}`);
          if (options.broadcast) void broadcast(everybody, message, { slow: 'skip' });
          else await ws.send(message);
        }
    } finally {
      everybody.delete(ws);
      void ws.closed.then(({ code, reason }) =>
        say({ event: 'close', id, code, reason }, `#${id} closed ${code}${reason === '' ? '' : ` ${reason}`}`),
      );
    }
  };

  const server = await listen(serverOptions(port, options), handler).catch((error: unknown) => error as Error);
  if (server instanceof TypeError || server instanceof RangeError) throw new UsageError(server.message);
  if (server instanceof Error) {
    process.stderr.write(`error: ${server.message}\n`);
    return Exit.UNREACHABLE;
  }
  say({ event: 'listening', url: server.url }, `listening at ${server.url} (Ctrl-C ends it)`);
  await aborted(interrupted);
  await server.close({ timeout: 2000 });
  return Exit.OK;
}

/** What the system says of a file that was named on the command line. */
function usable<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function serverOptions(port: number, options: ListenOptions): NodeServerOptions {
  const { host, allowOrigin, subprotocol, compress, tls } = options;
  return {
    host,
    port,
    ...(allowOrigin === undefined ? {} : { allowedOrigins: allowOrigin.includes('*') ? '*' : allowOrigin }),
    ...(subprotocol === undefined ? {} : { subprotocols: subprotocol }),
    ...(compress ? { compress: true } : {}),
    ...(tls === undefined ? {} : { tls: tls === 'self-signed' ? selfSigned(host) : fromFiles(tls) }),
    ...(options.static === undefined ? {} : { onRequest: ({ path }: { path: string }) => file(options.static!, path) }),
  };
}

/** A process for a connection: each of its lines is a message, each text message a line; it ends with the connection. */
async function runProcess(ws: WebSocket, command: string, children: Set<ChildProcess>): Promise<void> {
  // In a group of its own, where there are groups: what the shell has started ends with it.
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'], detached: HAS_GROUPS });
  children.add(child);
  void feed(ws, child.stdin).then(() => endProcess(child));
  try {
    for await (const line of createInterface({ input: child.stdout })) await ws.send(line);
  } finally {
    children.delete(child);
  }
}

const HAS_GROUPS = process.platform !== 'win32';

function endProcess({ pid }: ChildProcess): void {
  try {
    process.kill(HAS_GROUPS ? -pid! : pid!);
  } catch {
    // It has ended already.
  }
}

/** Writes what comes, as fast as it is read. What comes for a process that has closed its input is dropped. */
async function feed(ws: WebSocket, stdin: Writable): Promise<void> {
  stdin.on('error', () => {});
  try {
    for await (const message of ws) {
      if (stdin.destroyed || stdin.write(typeof message === 'string' ? `${message}\n` : message)) continue;
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => {});
    }
  } catch {
    // The connection's end is told elsewhere.
  }
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

function file(folder: string, target: string): HttpResponse {
  let path: string;
  try {
    path = normalize(decodeURIComponent(target.split('?')[0]));
    if (path.endsWith(sep)) path += 'index.html';
    if (path.split(sep).includes('..') || path.includes('\0')) return { status: 404 };
    path = join(folder, path);
    if (!statSync(path).isFile()) return { status: 404 };
  } catch {
    return { status: 404 };
  }
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  return { status: 200, headers: { 'Content-Type': type }, body: readFileSync(path) };
}

function fromFiles(names: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = names.split(',');
  if (cert === undefined) throw new UsageError("--tls wants 'self-signed' or KEY.pem,CERT.pem");
  return usable(() => ({ key: readFileSync(key), cert: readFileSync(cert) }));
}

/** Made by the `openssl` program: Node makes no certificates. */
function selfSigned(host: string): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1${isIP(host) === 0 ? `,DNS:${host}` : `,IP:${host}`}`;
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
    const content = ['-subj', '/CN=localhost', '-addext', names];
    execFileSync('openssl', ['req', '-x509', ...kind, ...content, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch (error) {
    throw new UsageError(`--tls self-signed needs the program openssl: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
