/** Stacks that are reached over TLS, and over HTTP/2. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../../../support/certificates.ts';
import type { Ports, Reach } from './stack.ts';

/** A certificate for what speaks TLS, as `cert.pem` and `key.pem`, and as both in one. */
export function certify(work: string): void {
  if (existsSync(join(work, 'cert.pem'))) return;
  const { cert, key } = makeCertificate('DNS:localhost,IP:127.0.0.1');
  for (const [name, text] of Object.entries({ cert, key, both: cert + key })) {
    writeFileSync(join(work, `${name}.pem`), text);
  }
}

/** What a server of ours serves with. */
export const certificateIn = (work: string): { readonly cert: string; readonly key: string } => ({
  cert: readFileSync(join(work, 'cert.pem'), 'utf8'),
  key: readFileSync(join(work, 'key.pem'), 'utf8'),
});

export const overTls = (work: string, { front }: Ports): Reach => ({
  url: `wss://localhost:${front}/`,
  options: { tls: { ca: readFileSync(join(work, 'cert.pem'), 'utf8') } },
});

export const overHttp2 = (work: string, ports: Ports): Reach => {
  const { url, options } = overTls(work, ports);
  return { url, options: { ...options, http2: true } };
};
