#!/usr/bin/env node
/** The command `sansocket`. What a subcommand needs is loaded when it is called: to print the help takes next to nothing. */
import { Command, CommanderError, Option } from 'commander';
import type { BenchOptions } from './bench.ts';
import type { ConnectOptions } from './connect.ts';
import type { DoctorOptions } from './doctor.ts';
import { Exit, UsageError } from './exit.ts';
import type { FramesOptions } from './frames.ts';
import type { ListenOptions } from './listen.ts';
import { header, integer, oneOf, several, url } from './values.ts';

declare const SANSOCKET_VERSION: string;

const program = new Command('sansocket')
  .description('WebSockets from the command line: look, serve, examine, measure.')
  .version(SANSOCKET_VERSION)
  .showHelpAfterError('(--help tells more)')
  .configureHelp({ showGlobalOptions: false })
  .exitOverride();

/** Options of everything that opens a connection. */
function client(command: Command): Command {
  return command
    .option('-H, --header <field>', "a header field for the request, 'Name: value'; may be repeated", header)
    .option('-s, --subprotocol <names>', 'subprotocols to offer, with commas between', several)
    .option('-o, --origin <origin>', 'the Origin field to send')
    .option('-x, --proxy <url>', "the proxy to go through (http:, https:, socks5:, socks5h:), or 'env'")
    .option('-k, --insecure', 'take a certificate that can’t be verified')
    .option('--timeout <seconds>', 'how long to wait for what is due', integer(1, 3600), 10);
}

client(program.command('connect'))
  .description('Talk to a server: lines in, messages out. In a pipe, ends when both have ended.')
  .argument('<url>', 'ws://… or wss://…; a port alone is this machine', url)
  .option('-j, --json', 'every event as a line of JSON, with its time')
  .addOption(
    new Option('-b, --binary <form>', 'what binary messages look like: hex, base64, or file (raw bytes)')
      .argParser(oneOf('hex', 'base64', 'file'))
      .default('hex'),
  )
  .option('-z, --compress', 'offer permessage-deflate')
  .option('-r, --reconnect', 'connect again whenever the connection ends')
  .option('-p, --ping <seconds>', 'send a ping that often, and show its round trip', integer(1, 3600))
  .option('-e, --exec <message>', 'send this first; may be repeated', (text: string, all: string[] = []) => [
    ...all,
    text,
  ])
  .option(
    '-w, --wait <seconds>',
    'after the last line, wait so long for messages (default: 1 in a pipe)',
    integer(0, 86_400),
  )
  .option('-1, --once', 'end after the first message')
  .action(async (address: string, options: ConnectOptions) =>
    end((await import('./connect.ts')).connect(address, options)),
  );

program
  .command('listen')
  .description('Serve: an echo, unless told otherwise.')
  .argument('[port]', 'where to listen; 0 for any free one', integer(0, 65_535), 8080)
  .option('--host <address>', 'the address to listen on', '127.0.0.1')
  .option('--broadcast', 'every message goes to everybody')
  .option('-e, --exec <command>', 'a process for each connection: its lines are messages')
  .option('--static <folder>', 'serve the files of this folder to browsers, on the same port')
  .option('--tls <what>', "wss: 'self-signed' makes a certificate; or KEY.pem,CERT.pem")
  .option('--allow-origin <origins>', "which pages may connect: origins with commas between, or '*'", several)
  .option('-s, --subprotocol <names>', 'subprotocols to accept, with commas between', several)
  .option('-z, --compress', 'accept permessage-deflate')
  .option('-j, --json', 'every event as a line of JSON')
  .action(async (port: number, options: ListenOptions) => end((await import('./listen.ts')).serve(port, options)));

client(program.command('doctor'))
  .description('Say why a WebSocket does not work: name, address, TLS, handshake, messages, close.')
  .argument('<url>', 'ws://… or wss://…', url)
  .option('--idle <seconds>', 'leave it idle so long, to see what ends it', integer(1, 86_400), 0)
  .option('--no-messages', 'send pings, and no message')
  .option('-j, --json', 'the findings as JSON')
  .option('--html <file>', 'write the report as a page')
  .addHelpText('after', '\nExit code: 0 when it works, 1 when it is broken, 2 for a wrong command line.')
  .action(async (address: string, options: DoctorOptions) =>
    end((await import('./doctor.ts')).doctor(address, options)),
  );

program
  .command('conformance')
  .description("Run Autobahn's 517 cases against a server, or with --serve against clients.")
  .usage('<url…> | --serve <port> [options]')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[arguments...]')
  .action(async (args: string[]) => end((await import('../../autobahn/main.ts')).main(args, 'sansocket conformance')));

client(program.command('bench'))
  .description('Measure an echo server: throughput, latencies, errors.')
  .argument('<url>', 'ws://… or wss://…', url)
  .option('-c, --connections <n>', 'connections', integer(1, 10_000), 10)
  .option('-d, --depth <n>', 'messages in flight on each', integer(1, 10_000), 1)
  .option('--size <bytes>', 'size of a message', integer(0, 16 * 1024 * 1024), 125)
  .option('-t, --duration <seconds>', 'how long to measure', integer(1, 86_400), 10)
  .option('--binary', 'binary messages instead of text')
  .option('-z, --compress', 'offer permessage-deflate')
  .option('-j, --json', 'the result as JSON')
  .action(async (address: string, options: BenchOptions) => end((await import('./bench.ts')).bench(address, options)));

program
  .command('frames')
  .description('Show the frames, messages and faults in captured bytes, as the core sees them.')
  .argument('<file>', "bytes, hex text, or a pcap; '-' reads the standard input")
  .option('--masked', 'these are a client’s bytes (default: told by the first frame)')
  .option('--unmasked', 'these are a server’s bytes')
  .option('--deflate', 'permessage-deflate was agreed on')
  .option('-j, --json', 'every frame as a line of JSON')
  .action(async (file: string, options: FramesOptions) => end((await import('./frames.ts')).frames(file, options)));

async function end(code: Promise<number>): Promise<void> {
  process.exitCode = await code;
}

// Whoever reads our output may leave first (`| head`).
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? Exit.OK : Exit.FAILED));

// And notes are for people: where nobody reads them, messages go on.
process.stderr.on('error', () => {});

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? Exit.OK : Exit.USAGE;
  } else if (error instanceof UsageError) {
    console.error(`error: ${error.message}\n(--help tells more)`);
    process.exitCode = Exit.USAGE;
  } else {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = Exit.FAILED;
  }
});
