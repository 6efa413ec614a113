import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate, what vouches for it, and its key: all of them PEM. */
export interface Chain {
  readonly key: string;
  /** The leaf alone. */
  readonly cert: string;
  /** The authority that has signed the leaf's issuer. */
  readonly root: string;
  readonly intermediate: string;
}

/** A root, an intermediate of it and a leaf for these names ("DNS:localhost"), made by `openssl`. `days` of the leaf may be negative. */
export function makeChain(names: string, days = 30): Chain {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-chain-'));
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    run('req', '-x509', ...key, '-days', '30', '-subj', '/CN=root', '-keyout', at('root.key'), '-out', at('root.pem'));
    const sign = (name: string, issuer: string, extension: string, until: number): void => {
      writeFileSync(at('extension'), extension);
      run('req', ...key, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at('request'));
      const by = ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial', '-days', String(until)];
      run('x509', '-req', '-in', at('request'), ...by, '-extfile', at('extension'), '-out', at(`${name}.pem`));
    };
    sign('intermediate', 'root', 'basicConstraints=critical,CA:true', 30);
    sign('leaf', 'intermediate', `subjectAltName=${names}`, days);
    const [root, intermediate, cert] = ['root', 'intermediate', 'leaf'].map((name) =>
      readFileSync(at(`${name}.pem`), 'utf8'),
    );
    return { key: readFileSync(at('leaf.key'), 'utf8'), cert, root, intermediate };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
