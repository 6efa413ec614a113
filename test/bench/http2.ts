/**
 * What a WebSocket costs over a stream of HTTP/2 beside one over a socket of its own: CPU time of this process, server and
 * client together, for messages that are echoed one at a time and in batches, over TLS.
 *
 *     npx tsx test/bench/http2.ts
 */
import { listen, open } from '../../drivers/index.ts';
import { makeCertificate } from '../support/certificates.ts';

const { key, cert } = makeCertificate('DNS:localhost,IP:127.0.0.1');
const options = { host: '127.0.0.1', port: 0, tls: { key, cert }, http2: true };
const server = await listen(options, async (ws) => {
  for await (const message of ws) await ws.send(message);
});

/** Microseconds of CPU a message, the median of five rounds. */
async function measure(http2: boolean, size: number, batch: number): Promise<number> {
  return open(server.url, { http2, tls: { ca: cert } }, async (ws) => {
    const message = 'x'.repeat(size);
    const rounds: number[] = [];
    for (let round = 0; round < 6; round++) {
      const before = process.cpuUsage();
      for (let done = 0; done < 4000; done += batch) {
        for (let i = 0; i < batch; i++) void ws.send(message);
        for (let i = 0; i < batch; i++) await ws.receive();
      }
      const { user, system } = process.cpuUsage(before);
      if (round > 0) rounds.push((user + system) / 4000);
    }
    return rounds.sort((a, b) => a - b)[2];
  });
}

console.log('size    at a time  HTTP/1.1 µs  HTTP/2 µs  ratio');
for (const [size, batch] of [
  [125, 1],
  [125, 16],
  [16_384, 1],
  [16_384, 16],
]) {
  const [one, two] = [await measure(false, size, batch), await measure(true, size, batch)];
  const cells = [
    String(size).padEnd(7),
    String(batch).padEnd(10),
    one.toFixed(1).padEnd(12),
    two.toFixed(1).padEnd(10),
  ];
  console.log(cells.join(' '), (two / one).toFixed(2));
}
await server.close();
