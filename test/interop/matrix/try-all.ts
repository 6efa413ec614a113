import { Matched } from './peer.ts';
import { AT_TIMES, type Row } from './results.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { Role, Stack } from './stacks/stack.ts';

/** What needs no second try. */
const IS_FINE = /^(?:ok|can't)$/;

/** Without what is another each time: ports, and how an end without a Close frame was told. */
function inWords(message: string): string {
  return message
    .replace(
      /the (?:peer ended the transport|transport was lost \(\w+\)) without a Close frame/,
      'TCP ends without a Close frame',
    )
    .replace(/: wss?:\/\/\S+/, '')
    .slice(0, 200);
}

/** Tries these scenarios, all by default, with one stack in one role. Rejects where it can't be run at all. */
export async function tryAll(
  stack: Stack,
  work: string,
  role: Role,
  scenarios: readonly Scenario[] = SCENARIOS,
): Promise<Row> {
  const unable: string[] = [];
  const otherwise: Record<string, string> = {};
  let matched: Matched | undefined;
  let key = '';
  let hasConnected = false;
  for (const { name, ours = {}, protocols = '', run } of scenarios) {
    // A client's server has its options for good: another peer for each set of them.
    const needed = JSON.stringify([role === 'server' ? {} : ours, protocols]);
    const start = (): Promise<Matched> => Matched.start(stack, work, role, ours, protocols);
    const tryOnce = async (): Promise<string> => {
      try {
        if (matched === undefined || needed !== key) {
          await matched?.stop();
          matched = await start();
          key = needed;
        }
        const ws = await matched.connect(ours).catch(async () => {
          // The scenario before has ended it, maybe.
          await matched!.stop();
          return (matched = await start()).connect(ours);
        });
        hasConnected = true;
        matched.forget();
        try {
          return await run(ws, matched);
        } finally {
          ws.terminate();
          await matched.settle();
        }
      } catch (error) {
        // Whatever state it is in: the next one begins anew.
        await matched?.stop();
        matched = undefined;
        if (!hasConnected) throw error;
        return inWords((error as Error).message);
      }
    };
    let result = inWords(await tryOnce());
    if (!IS_FINE.test(result) && IS_FINE.test(await tryOnce())) result = `${AT_TIMES}${result}`;
    if (result === "can't") unable.push(name);
    else if (result !== 'ok') otherwise[name] = result;
  }
  await matched?.stop();
  const seen = new Date().toISOString().slice(0, 10);
  return { stack: stack.name, version: stack.version(work), role, seen, unable, otherwise };
}
