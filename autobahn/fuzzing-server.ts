import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Case } from './case.ts';
import { Endpoint } from './endpoint.ts';
import { TEXT, joinBytes } from './frames.ts';
import { faultOfRequest, plainResponse, serverResponse, takeHead } from './handshake.ts';
import type { Head } from './handshake.ts';
import type { Results } from './results.ts';
import { CaseRun } from './run.ts';
import type { Outcome } from './run.ts';
import { TcpWire, realTiming } from './tcp.ts';
import { WireLog } from './wire-log.ts';
import type { WireHandler } from './wire.ts';

export interface FuzzingServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** In the order in which clients ask for them: `case=1` is the first. */
  readonly cases: readonly Case[];
  readonly results: Results;
  /** What deadlines are multiplied by. Default 1. */
  readonly patience?: number;
  readonly onOutcome: (agent: string, outcome: Outcome) => void;
  /** An agent asks for its reports to be written. */
  readonly onUpdateReports: (agent: string) => void;
  /** The page to answer a plain GET with. */
  readonly renderReport: () => string;
}

export interface FuzzingServer {
  readonly url: string;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/**
 * A server that a client under test walks through, with the official suite's paths: `/getCaseCount`,
 * `/runCase?case=N&agent=X` (or `casetuple=7.1.6`), `/getCaseInfo?case=N`, `/getCaseStatus?case=N&agent=X`,
 * `/updateReports?agent=X`. Any other request gets the report.
 */
export async function serveFuzzing(options: FuzzingServerOptions): Promise<FuzzingServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Reception(socket, options);
  });
  const { host = '127.0.0.1' } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** One connection: reads the request and hands over to a case or to a command. */
class Reception implements WireHandler {
  private readonly options: FuzzingServerOptions;
  private readonly wire: TcpWire;
  private pending: Uint8Array;
  private successor: WireHandler | undefined;

  constructor(socket: net.Socket, options: FuzzingServerOptions) {
    this.options = options;
    this.pending = new Uint8Array(0);
    this.successor = undefined;
    this.wire = new TcpWire(socket, this);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.successor !== undefined) {
      this.successor.onBytes(bytes);
      return;
    }
    this.pending = joinBytes([this.pending, bytes]);
    try {
      const head = takeHead(this.pending);
      if (head !== undefined) this.onRequest(head);
    } catch {
      this.respond('400 Bad Request', 'text/plain', 'not a request\n');
    }
  }

  onGone(): void {
    this.successor?.onGone();
  }

  private onRequest(head: Head): void {
    if (!head.fields.has('upgrade')) {
      this.respond('200 OK', 'text/html; charset=utf-8', this.options.renderReport());
      return;
    }
    const [, target = '/'] = head.startLine.split(' ');
    const { pathname, searchParams } = new URL(target, 'ws://localhost');
    const agent = searchParams.get('agent');
    const test = this.find(searchParams);
    const command = pathname.slice(1);
    const needsCase = command === 'runCase' || command === 'getCaseInfo' || command === 'getCaseStatus';
    const needsAgent = command === 'runCase' || command === 'updateReports' || command === 'getCaseStatus';
    if ((needsCase && test === undefined) || (needsAgent && !agent)) {
      this.respond(
        '400 Bad Request',
        'text/plain',
        `${command} wants to know ${needsAgent ? 'an agent and ' : ''}a case\n`,
      );
    } else if (command === 'runCase') {
      this.runCase(test!, agent!, head);
    } else {
      this.command(command, test, agent ?? '', head);
    }
  }

  private find(query: URLSearchParams): Case | undefined {
    const { cases } = this.options;
    const id = query.get('casetuple');
    return id === null ? cases[Number(query.get('case')) - 1] : cases.find((it) => it.id === id.trim());
  }

  private runCase(test: Case, agent: string, head: Head): void {
    const { onOutcome, patience, results } = this.options;
    const done = (outcome: Outcome): void => {
      results.add(agent, outcome);
      onOutcome(agent, outcome);
    };
    const run = new CaseRun(test, { role: 'server', timing: realTiming, patience, done });
    this.successor = run;
    run.start(this.wire);
    run.answer(head);
  }

  private command(command: string, test: Case | undefined, agent: string, head: Head): void {
    const { cases, patience, results, onUpdateReports } = this.options;
    const fault = faultOfRequest(head);
    if (fault !== undefined) {
      this.respond('400 Bad Request', 'text/plain', `${fault}\n`);
      return;
    }
    this.wire.write(Buffer.from(serverResponse(head, ''), 'latin1'));
    const ignore = { onMessage() {}, onPong() {} };
    const endpoint = new Endpoint('server', this.wire, realTiming, new WireLog(), undefined, ignore, patience);
    this.successor = { onBytes: (bytes) => endpoint.receive(bytes), onGone: () => endpoint.gone() };
    const say = (value: unknown): void => {
      endpoint.sendMessage(TEXT, Buffer.from(JSON.stringify(value)), 0);
      endpoint.sendClose(new Uint8Array(0));
    };
    if (command === 'getCaseCount') say(cases.length);
    else if (command === 'getCaseInfo') say({ id: test!.id, description: test!.description });
    else if (command === 'getCaseStatus') results.whenThere(agent, test!, ({ behavior }) => say({ behavior }));
    else {
      if (command === 'updateReports') onUpdateReports(agent);
      endpoint.sendClose(new Uint8Array(0));
    }
    if (head.rest.length > 0) endpoint.receive(head.rest);
  }

  private respond(status: string, type: string, body: string): void {
    this.successor = { onBytes() {}, onGone() {} };
    this.wire.write(Buffer.from(plainResponse(status, type, body)));
    this.wire.end();
  }
}
