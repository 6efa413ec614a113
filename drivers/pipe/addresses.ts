/** Names of one's own machine: what listens on one of them is reached by all. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);
/** What listens on one of these is reached by any name. */
const ANY = new Set(['', '*', '0.0.0.0', '::']);
/** Where ports begin that are given to who asks for none in particular (RFC 6335 §6). */
const FIRST_EPHEMERAL = 49152;
const LAST_PORT = 65535;
/** How many addresses an error names. */
const MOST_SHOWN = 3;

/** Who listens where, in a network: by host name and port. */
export class Addresses<T> {
  readonly #listeners: Map<string, T>;
  #nextEphemeral: number;

  constructor() {
    this.#listeners = new Map();
    this.#nextEphemeral = FIRST_EPHEMERAL;
  }

  /**
   * Takes an address. Without a host, any name leads there; port 0 is replaced by a free one.
   * Returns the port, or undefined when the address is taken.
   */
  add(host: string | undefined, port: number, listener: T): number | undefined {
    const name = normalise(host ?? '');
    const free = port === 0 ? this.#findFree(name) : port;
    if (this.#listeners.has(key(name, free))) return undefined;
    this.#listeners.set(key(name, free), listener);
    return free;
  }

  remove(host: string | undefined, port: number): void {
    this.#listeners.delete(key(normalise(host ?? ''), port));
  }

  /** Who listens on this very name, or else on any. */
  find(host: string, port: number): T | undefined {
    return this.#listeners.get(key(normalise(host), port)) ?? this.#listeners.get(key('*', port));
  }

  /** Some of the addresses that are taken, in words. */
  describe(): string {
    const all = [...this.#listeners.keys()].map((one) => one.replace(/^\*/, 'any host').replace(/ (?=\d+$)/, ':'));
    return [...all.slice(0, MOST_SHOWN), ...(all.length > MOST_SHOWN ? ['others'] : [])].join(', ');
  }

  #findFree(name: string): number {
    for (let tries = FIRST_EPHEMERAL; tries <= LAST_PORT; tries++) {
      const port = this.#nextEphemeral;
      this.#nextEphemeral = port === LAST_PORT ? FIRST_EPHEMERAL : port + 1;
      if (!this.#listeners.has(key(name, port))) return port;
    }
    return FIRST_EPHEMERAL; // all are taken
  }
}

function normalise(host: string): string {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return ANY.has(name) ? '*' : LOOPBACK.has(name) ? 'localhost' : name;
}

function key(name: string, port: number): string {
  return `${name} ${port}`;
}
