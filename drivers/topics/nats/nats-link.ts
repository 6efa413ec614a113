import type { Wake } from '../../clock.ts';
import type { EngineContext, EngineSink } from '../engine.ts';
import { EngineDownError, OutcomeUnknownError, TopicsError } from '../errors.ts';
import type { NatsConnection, NatsSubscription } from './connection.ts';

/** Heartbeats that it stays with a server behind which nobody answers, and at least so many milliseconds. */
const PATIENCE = 5;
const LEAST_PATIENCE = 3000;

/** What the engine needs behind the connection. */
export interface Readiness {
  /** Called before `up` is told, with all subscriptions made again. */
  prepare(): Promise<void>;
  /** Asked with each heartbeat: whether what was prepared is so still; rejects while nobody answers. */
  isReadyStill(): Promise<boolean>;
}

/**
 * The state of a connection to NATS, which reconnects and subscribes again by itself: whether it is there, as its status and
 * heartbeats through it tell.
 */
export class NatsLink {
  readonly connection: NatsConnection;
  readonly #sink: EngineSink;
  readonly #context: EngineContext;
  readonly #beatSubject: string;
  readonly #readiness: Readiness;
  readonly #underWay: Set<(error: Error) => void>;
  #isUp: boolean;
  #isClosed: boolean;
  #isChecking: boolean;
  /** Counts what may have lost something, in a check too. */
  #losses: number;
  #heardAt: number;
  #answeredAt: number;
  /** Since which loss it is being asked behind the connection, one question at a time. */
  #asked: number;
  /** When it went down, or was told to go elsewhere since. */
  #downAt: number;
  #wake: Wake | undefined;
  #beats: NatsSubscription | undefined;
  #statuses: ReturnType<NatsConnection['status']> | undefined;

  constructor(
    connection: NatsConnection,
    beatSubject: string,
    sink: EngineSink,
    context: EngineContext,
    readiness: Readiness,
  ) {
    this.connection = connection;
    this.#sink = sink;
    this.#context = context;
    this.#beatSubject = beatSubject;
    this.#readiness = readiness;
    this.#underWay = new Set();
    this.#isUp = false;
    this.#isClosed = false;
    this.#isChecking = false;
    this.#losses = 0;
    this.#heardAt = 0;
    this.#answeredAt = 0;
    this.#asked = -1;
    this.#downAt = 0;
    this.#wake = undefined;
    this.#beats = undefined;
    this.#statuses = undefined;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Rejects when the engine is not there. */
  async start(): Promise<void> {
    const { connection } = this;
    if (connection.isClosed()) throw new EngineDownError('the connection is closed');
    this.#beats = connection.subscribe(this.#beatSubject, {
      callback: () => {
        this.heard();
        this.#sink.beat();
      },
    });
    try {
      await connection.flush();
      await this.#readiness.prepare();
    } catch (error) {
      this.close();
      throw error;
    }
    this.#turnUp();
    void this.#watch();
    this.#tick();
  }

  /** Something has come over the connection. */
  heard(): void {
    this.#heardAt = this.#context.clock.now();
  }

  /** Does something that needs the engine; it is of unknown outcome when the connection is lost meanwhile. */
  call<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isUp) return Promise.reject(new EngineDownError('the engine is down'));
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      new Promise<T>((settle) => settle(work()))
        .then(resolve, (cause: unknown) => reject(reasonOf(cause)))
        .finally(() => this.#underWay.delete(reject));
    });
  }

  /** Leaves nothing on the connection, which is the user's and goes on. */
  close(): void {
    this.#isClosed = true;
    this.#isUp = false;
    this.#wake?.cancel();
    this.#statuses?.stop?.();
    if (!this.connection.isClosed()) this.#beats?.unsubscribe();
    this.#beats = undefined;
    this.#settle(new EngineDownError('the engine was closed'));
  }

  async #watch(): Promise<void> {
    this.#statuses = this.connection.status();
    for await (const { type } of this.#statuses) {
      if (this.#isClosed) return;
      if (type === 'reconnect') void this.#check();
      else if (/^(disconnect|reconnecting|forceReconnect|staleConnection|close)$/.test(type)) this.#turnDown(type);
    }
    // The client gave up, or was closed.
    this.#turnDown('close');
  }

  #turnUp(): void {
    this.#isUp = true;
    this.heard();
    this.#answeredAt = this.#heardAt;
    this.#sink.up();
  }

  #turnDown(why: string): void {
    this.#losses++;
    if (!this.#isUp || this.#isClosed) return;
    this.#isUp = false;
    this.#downAt = this.#context.clock.now();
    const reason = new Error(`the connection to NATS: ${why}`);
    this.#settle(new OutcomeUnknownError('the engine was lost before it answered', { cause: reason }));
    this.#sink.down(reason);
  }

  #settle(error: Error): void {
    for (const reject of this.#underWay) reject(error);
    this.#underWay.clear();
  }

  /** Whether it is there again, with its subscriptions. */
  async #check(): Promise<void> {
    if (this.#isChecking || this.#isUp || this.#isClosed) return;
    this.#isChecking = true;
    const losses = this.#losses;
    try {
      await this.connection.flush();
      await this.#readiness.prepare();
      // What was lost meanwhile was lost after it was found ready: the next check finds it again.
      if (losses === this.#losses && !this.#isClosed && !this.connection.isClosed()) this.#turnUp();
    } catch (error) {
      // The next 'reconnect', or the next tick, tries again.
      if (!this.#isClosed) this.#sink.down(error as Error);
    } finally {
      this.#isChecking = false;
    }
  }

  /** The server that it is connected to may be cut off from the others. */
  #goElsewhere(): void {
    const { clock, heartbeat } = this.#context;
    if (clock.now() - this.#downAt < Math.max(PATIENCE * heartbeat, LEAST_PATIENCE)) return;
    this.#downAt = clock.now();
    this.connection.reconnect?.().catch(() => {});
  }

  /** Asks for a sign from behind the connection, too. */
  #look(): void {
    const losses = this.#losses;
    if (this.#asked === losses) return;
    this.#asked = losses;
    this.#readiness
      .isReadyStill()
      .then((isSo) => {
        if (losses !== this.#losses || !this.#isUp) return;
        this.#answeredAt = this.#context.clock.now();
        if (isSo) return;
        this.#turnDown('what is behind it has changed');
        void this.#check();
      })
      .catch(() => {
        // The next tick asks again, or finds that nobody has answered for too long.
      })
      .finally(() => {
        if (this.#asked === losses) this.#asked = -1;
      });
  }

  #tick(): void {
    if (this.#isClosed || this.connection.isClosed()) return;
    const { clock, heartbeat } = this.#context;
    const now = clock.now();
    this.#wake = clock.wakeAt(now + heartbeat, () => this.#tick());
    if (!this.#isUp) {
      this.#goElsewhere();
      return void this.#check();
    }
    try {
      this.connection.publish(this.#beatSubject);
    } catch {
      return this.#turnDown('a heartbeat could not be sent');
    }
    this.#look();
    const [heard, answered] = [this.#heardAt, this.#answeredAt];
    if (now - Math.min(heard, answered) < 1.9 * heartbeat) return;
    // The loop may have stood still: what has come by now is read before it is judged.
    clock.wakeAt(now + heartbeat / 4, () => {
      if (!this.#isUp) return;
      const isSilent = this.#heardAt === heard && now - heard >= 1.9 * heartbeat;
      const isUnanswered = this.#answeredAt === answered && now - answered >= 1.9 * heartbeat;
      if (!isSilent && !isUnanswered) return;
      this.#turnDown(isSilent ? 'no heartbeat came round' : 'nobody behind it answers');
      // Nor has the heartbeat of this tick come round, where it is the link that is silent.
      if (this.#heardAt < now) this.connection.reconnect?.().catch(() => {});
    });
  }
}

/** What a caller is told of an error of the connection. */
function reasonOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  // The client knows what the server takes.
  if (/max_payload/.test(cause.message))
    return new TopicsError('limit', 'larger than the server’s max_payload', { cause });
  // The stream has no leader for now, or is not there.
  if (/no responders/i.test(cause.message)) return new EngineDownError('nobody answers for the stream', { cause });
  if (/Timeout|Connection|Closed|Draining/i.test(cause.name)) return new OutcomeUnknownError(String(cause), { cause });
  return cause;
}
