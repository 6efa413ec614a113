/**
 * The child's end of the control channel: JSON lines on stdin and stdout, the same for Node and for Bun.
 *
 * A child lives as long as its stdin: nothing is left behind when the orchestrator goes.
 */
export type Commands = Record<string, (argument: any) => unknown>;

export function obey(commands: Commands): void {
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) void answer(line);
  });
  process.stdin.on('end', () => process.exit(0));
  process.on('uncaughtException', (error) => fail(error));
  process.on('unhandledRejection', (error) => fail(error));

  async function answer(line: string): Promise<void> {
    const { id, command, argument } = JSON.parse(line);
    try {
      reply({ id, result: (await commands[command](argument)) ?? null });
    } catch (error) {
      reply({ id, error: describe(error) });
    }
  }
}

/** Reports a failure that no command is waiting for: it ends the measurement. */
export function fail(error: unknown): void {
  reply({ id: 0, error: describe(error) });
}

function reply(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
