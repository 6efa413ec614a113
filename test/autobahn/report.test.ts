import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInContext, createContext } from 'node:vm';
import { afterAll, expect, test } from 'vitest';
import { selectCases, withMessages } from '../../autobahn/catalogue.ts';
import { runInMemory } from '../../autobahn/memory.ts';
import { differencesFromExpected, expectedOf } from '../../autobahn/official/expected.ts';
import { renderHtml } from '../../autobahn/report/html.ts';
import { writeJsonReport } from '../../autobahn/report/json.ts';
import type { Index } from '../../autobahn/report/json.ts';
import { Results, summarize } from '../../autobahn/results.ts';
import { echoPeer } from './support/echo-peer.ts';

const cases = withMessages(selectCases(['2.2', '6.4.1', '7.1.6', '9.7.1', '12.1.1']), 3);
const results = new Results();
for (const test of cases) {
  results.add('A <right> echo/1.0', runInMemory(test, 'client', echoPeer()));
  results.add('late', runInMemory(test, 'client', echoPeer('looks at UTF-8 at the end of a message only')));
  if (test.id === '2.2') results.add('deaf', runInMemory(test, 'client', echoPeer('answers no ping')));
}

const folder = await mkdtemp(join(tmpdir(), 'autobahn-'));
afterAll(() => rm(folder, { recursive: true }));

test('the JSON has the shape of the official suite', async () => {
  await writeJsonReport(folder, results);
  const read = async (name: string): Promise<any> => JSON.parse(await readFile(join(folder, name), 'utf8'));
  const index = (await read('index.json')) as Index;
  expect(Object.keys(index)).toEqual(['A <right> echo/1.0', 'deaf', 'late']);
  expect(index['late']!['6.4.1']).toEqual({
    behavior: 'NON-STRICT',
    behaviorClose: 'OK',
    duration: 2000,
    remoteCloseCode: 1007,
    reportfile: 'late_case_6_4_1.json',
  });
  expect(await readdir(folder)).toHaveLength(1 + 5 + 5 + 1);

  const details = await read(index['deaf']!['2.2']!.reportfile);
  expect(details).toMatchObject({
    ...{ id: '2.2', agent: 'deaf', behavior: 'FAILED', behaviorClose: 'OK', isServer: false },
    expected: { OK: [['pong', 'Hello, world!']] },
    expectedClose: { closedByMe: true, closeCode: [1000], requireClean: true },
    ...{ received: [], closedByMe: true, failedByMe: false, droppedByMe: false, wasClean: true },
    ...{ localCloseCode: null, remoteCloseCode: null, rxFrameStats: { 8: 1 }, txFrameStats: { 8: 1, 9: 1 } },
    trafficStats: null,
  });
  expect(details.httpRequest).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  const rows = details.wirelog.map((row: unknown[]) => row[0]);
  expect(rows).toEqual(['TO', 'RO', 'TF', 'TO', 'TI', 'TIE', 'TF', 'TO', 'RO', 'RF']);
  expect(details.wirelog[2]).toEqual(['TF', [13, 'Hello, world!'], 9, true, 0, expect.any(String), null, null, false]);

  const compressed = await read(index['late']!['12.1.1']!.reportfile);
  expect(compressed.trafficStats).toMatchObject({ outgoingOctetsAppLevel: 48, incomingWebSocketMessages: 3 });
  expect(compressed.trafficStats.outgoingCompressionRatio).toBeGreaterThan(0);
});

test('the page stands by itself, and shows each case for each agent', () => {
  const html = renderHtml(results, 'Servers & others');
  expect(html).not.toMatch(/(?:src|href)="(?!#)/);
  expect(html).toContain('<title>Servers &#38; others</title>');
  expect(html).toContain('A &#60;right&#62; echo/1.0');
  expect(html.match(/<td data-agent=/g)).toHaveLength(11);
  expect(html.match(/class="missing"/g)).toHaveLength(4);
  const [, data = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  const { agents, details } = JSON.parse(data) as { agents: string[]; details: Record<string, { result: string }>[] };
  expect(agents).toEqual(results.agents);
  expect(details[0]!['2.2']!.result).toBe('Everything came back as expected.');
});

test("the page's script shows a case's details as text", () => {
  const html = renderHtml(results, 'Servers');
  const [, data = ''] = /id="data">(.*?)<\/script>/s.exec(html) ?? [];
  const [, script = ''] = /<script>(.*?)<\/script>/s.exec(html) ?? [];
  // As much of a document as the script asks for.
  const element = (textContent = ''): any => ({
    textContent,
    children: [] as any[],
    appendChild(child: any) {
      this.children.push(child);
      return child;
    },
    showModal() {},
  });
  const body = element();
  const dialog = { ...element(), querySelector: () => body };
  let click: (event: unknown) => void = () => {};
  const document = {
    getElementById: (id: string) => (id === 'data' ? element(data) : dialog),
    createElement: () => element(),
    addEventListener: (_: string, listener: typeof click) => (click = listener),
  };
  runInContext(script, createContext({ document }));
  const cell = { dataset: { agent: '2', case: '6.4.1' } };
  click({ target: { closest: () => cell }, preventDefault() {} });
  const texts = (it: any): string[] => [it.textContent, ...it.children.flatMap(texts)];
  const all = texts(body).join('\n');
  expect(all).toContain('6.4.1 · late');
  expect(all).toContain('NON-STRICT: ');
  expect(all).toContain('waiting for 1 s (A)');
  expect(all).toContain('frame received: opcode 8 FIN, 2 octets');
});

test('a summary counts, and tells failed from not strict', () => {
  expect(summarize(results.of('late'))).toMatchObject({ total: 5, failed: false, nonStrict: true });
  const deaf = summarize(results.of('deaf'));
  expect([...deaf.groups]).toEqual([['FAILED / OK', ['2.2']]]);
  expect(deaf.failed).toBe(true);
});

test('what differs from the expected results is named', () => {
  expect(expectedOf('client')('7.1.6')).toEqual(['INFORMATIONAL', 'INFORMATIONAL']);
  const ok = { behavior: 'OK', behaviorClose: 'OK' };
  const entries = { '1.1.1': ok, '2.1': { ...ok, behaviorClose: 'UNCLEAN' }, '7.1.6': ok };
  expect(differencesFromExpected('server', ['1.1.1', '2.1', '3.1', '7.1.6'], entries)).toEqual([
    'server 2.1: OK / UNCLEAN, expected OK / OK',
    'server 3.1: not run, expected OK / OK',
    'server 7.1.6: OK / OK, expected INFORMATIONAL / INFORMATIONAL',
  ]);
});
