import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { now } from '../clock.ts';
import type { Findings, Patient } from './finding.ts';

/** What has no number for a name, what has no listener, and the rest, in words. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable from this network',
  ETIMEDOUT: 'silent',
};

/** Looks the name up and tries each of its addresses. Returns whether one of them can be connected to. */
export async function examineNetwork(patient: Patient, findings: Findings): Promise<boolean> {
  const { host, port, timeout } = patient;
  let addresses: { address: string; family: number }[];
  try {
    addresses = await lookup(host, { all: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    findings.add(
      ...(['DNS', 'broken', code === 'EAI_AGAIN' ? 'dns-unavailable' : 'dns-not-found'] as const),
      `${host} has no address (${code}).`,
      'Check the name for a misspelling.',
      code === 'EAI_AGAIN'
        ? 'The name server did not answer: check the network of this machine.'
        : 'Check its A and AAAA records.',
    );
    return false;
  }
  findings.add(
    'DNS',
    'ok',
    'dns',
    isIP(host) ? `${host} is an address.` : `${host} is ${addresses.map(({ address }) => address).join(', ')}.`,
  );

  const tries = await Promise.all(addresses.map(({ address }) => tryAddress(address, port, timeout)));
  const open = tries.filter(({ error }) => error === undefined);
  const list = tries.map((one) => `${at(one.address, port)} ${one.error ?? `in ${one.took.toFixed(1)} ms`}`).join(', ');
  if (open.length === tries.length) {
    findings.add('TCP', 'ok', 'tcp', `Connected: ${list}.`);
  } else if (open.length > 0) {
    findings.add(
      ...(['TCP', 'warning', 'tcp-partly'] as const),
      `Not every address can be connected to: ${list}.`,
      'Clients that take another address first lose time, or fail. Have the server listen on both families (host: "::"), or take the dead address out of DNS.',
    );
  } else {
    const silent = tries.every(({ error }) => error === 'silent');
    findings.add(
      ...(['TCP', 'broken', silent ? 'tcp-silent' : 'tcp-refused'] as const),
      `No address can be connected to: ${list}.`,
      ...(silent
        ? ['Something drops the packets: a firewall or a security group. Let the port through.']
        : [
            `Nothing listens there. Is the server running, on port ${port}, and on an address that is not the loopback's?`,
          ]),
    );
  }
  return open.length > 0;
}

interface Try {
  readonly address: string;
  readonly took: number;
  readonly error: string | undefined;
}

function tryAddress(address: string, port: number, timeout: number): Promise<Try> {
  const start = now();
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: address, port });
    const end = (error: string | undefined): void => {
      socket.destroy();
      resolve({ address, took: now() - start, error });
    };
    socket.setTimeout(timeout, () => end('silent'));
    socket.once('connect', () => end(undefined));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(WORDS[code ?? ''] ?? code ?? 'failed'));
  });
}

function at(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
