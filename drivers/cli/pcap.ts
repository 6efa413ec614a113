import { UsageError } from './exit.ts';

/**
 * The TCP payload of a pcap file (libpcap's own format, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html), by
 * direction: one entry for each of a connection's two, in the order in which they appear. Retransmissions are left out.
 */
export function payloadsOf(file: Buffer): Map<string, Buffer> {
  const magic = file.readUInt32LE(0);
  const isLittle = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  const u32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const linkHead = LINK_HEADS.get(u32(20) & 0xffff);
  if (linkHead === undefined)
    throw new UsageError(`the pcap has link type ${u32(20) & 0xffff}, which is not known here`);
  const streams = new Map<string, { parts: Buffer[]; next: number | undefined }>();
  for (let at = 24; at + 16 <= file.length;) {
    const length = u32(at + 8);
    take(file.subarray(at + 16 + linkHead, at + 16 + length), streams);
    at += 16 + length;
  }
  return new Map([...streams].map(([name, { parts }]) => [name, Buffer.concat(parts)]));
}

/** Whether it is one. pcapng, which Wireshark writes by default, is another format. */
export function isPcap(file: Buffer): boolean {
  return file.length >= 24 && PCAP.has(file.readUInt32BE(0));
}

export function isPcapNg(file: Buffer): boolean {
  return file.length >= 4 && file.readUInt32BE(0) === 0x0a0d0d0a;
}

const PCAP = new Set([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1]);

/** The bytes before the IP packet, by link type: BSD loopback, Ethernet, raw IP, Linux "any". */
const LINK_HEADS: ReadonlyMap<number, number> = new Map([
  [0, 4],
  [1, 14],
  [101, 0],
  [113, 16],
  [276, 20],
]);

const TCP = 6;

function take(packet: Buffer, streams: Map<string, { parts: Buffer[]; next: number | undefined }>): void {
  if (packet.length < 20) return;
  const version = packet[0] >> 4;
  const isV6 = version === 6;
  if (!isV6 && version !== 4) return; // ARP and the like
  if ((isV6 ? packet[6] : packet[9]) !== TCP) return;
  const ipHead = isV6 ? 40 : (packet[0] % 16) * 4;
  const told = packet.readUInt16BE(isV6 ? 4 : 2);
  // None is told where the network card is left to cut a longer one into segments.
  const end = told === 0 ? packet.length : told + (isV6 ? 40 : 0);
  const segment = packet.subarray(ipHead, Math.min(end, packet.length));
  if (segment.length < 20) return;
  const size = isV6 ? 16 : 4;
  const at = isV6 ? 8 : 12;
  const [from, to] = [at, at + size].map((start) => packet.subarray(start, start + size).toString('hex'));
  const name = `${from}:${segment.readUInt16BE(0)} → ${to}:${segment.readUInt16BE(2)}`;
  const sequence = segment.readUInt32BE(4);
  const payload = segment.subarray((segment[12] >> 4) * 4);
  if (payload.length === 0) return;
  let stream = streams.get(name);
  if (stream === undefined) streams.set(name, (stream = { parts: [], next: undefined }));
  // What came before is known already; a gap is left to be seen as the fault that it makes.
  const known = stream.next === undefined ? 0 : (stream.next - sequence) | 0;
  if (known >= payload.length) return;
  stream.parts.push(payload.subarray(Math.max(known, 0)));
  stream.next = (sequence + payload.length) >>> 0;
}
