/** How bad it is: `note` is worth knowing, `warning` will trouble somebody, `broken` keeps this client out. */
export type Severity = 'ok' | 'note' | 'warning' | 'broken' | 'skipped';

/** One thing that the doctor has found. */
export interface Finding {
  /** What it is, for programs: a name that stays. */
  readonly id: string;
  /** Where on the way it was found. */
  readonly stage: Stage;
  readonly severity: Severity;
  /** What was found, in a sentence. */
  readonly text: string;
  /** What to change, and where. */
  readonly advice: readonly string[];
}

export type Stage = 'URL' | 'DNS' | 'TCP' | 'proxy' | 'TLS' | 'HTTP' | '101' | 'session' | 'close' | 'HTTP/2';

/** Where findings go, as they are made. */
export class Findings {
  readonly all: Finding[];
  readonly #onFinding: (finding: Finding) => void;

  constructor(onFinding: (finding: Finding) => void) {
    this.all = [];
    this.#onFinding = onFinding;
  }

  add(stage: Stage, severity: Severity, id: string, text: string, ...advice: string[]): void {
    const finding = { id, stage, severity, text, advice };
    this.all.push(finding);
    this.#onFinding(finding);
  }

  get isBroken(): boolean {
    return this.all.some(({ severity }) => severity === 'broken');
  }
}

/** What is examined, and with what. */
export interface Patient {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** The request target. */
  readonly target: string;
  readonly origin: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  readonly proxy: string | undefined;
  /** Whether a certificate that can't be verified is reported and passed over. */
  readonly insecure: boolean;
  /** Whether messages may be sent. */
  readonly messages: boolean;
  /** How long the connection is left idle, in seconds; 0 for not. */
  readonly idle: number;
  /** How long each step may take, in milliseconds. */
  readonly timeout: number;
}
