import type { EngineMessage, EnginePublishOptions, EngineReceipt, Hole, Page, TopicData } from '../engine.ts';
import { EngineDownError, TopicsError } from '../errors.ts';
import type { Place } from '../position.ts';
import {
  decodeMessage,
  encodeMessage,
  encodeSubject,
  headersOf,
  type NatsConnection,
  type NatsMessage,
} from './connection.ts';
import { NatsEngine } from './nats-engine.ts';

export interface JetStreamOptions {
  readonly history: number;
  /** Milliseconds. */
  readonly ttl: number;
  readonly replicas: number;
  readonly storage: 'file' | 'memory';
}

/** A page takes a request a message: so many at most. */
const MOST_OF_A_PAGE = 200;
const PAGE_BYTES = 1024 * 1024;
const TIMEOUT = 5000;
/** How often a page is read whose beginning was trimmed meanwhile, and a stream is asked for that does not answer. */
const MOST_TRIES = 5;
/** For what is tried again. */
const SHORT_TIMEOUT = TIMEOUT / MOST_TRIES;
const NANOSECONDS = 1_000_000;
/** The subject's last part of the message that says which epoch it is: no topic's is encoded to that. */
const EPOCH = '~epoch';
/** The status of an answer that holds no message, and the least of those. */
const NOT_FOUND = 404;
const NO_STATUS = 300;

/** Milliseconds in which a new leader, or a server that has started again, may be behind what it has stored. */
const CATCHING_UP = 3000;

/** Where the epoch stands in the stream's description. */
const EPOCH_WRITTEN = /, epoch (\w+)$/;

/** What JetStream's API answers, as far as it is used. */
interface Answer {
  readonly error?: { readonly code?: number; readonly description?: string };
  readonly created?: string;
  readonly config?: { readonly num_replicas?: number; readonly description?: string };
  readonly cluster?: { readonly leader?: string };
  readonly message?: { readonly subject: string; readonly seq: number; readonly data?: string };
  readonly state?: { readonly first_seq: number; readonly last_seq: number; readonly num_deleted?: number };
  readonly seq?: number;
  readonly duplicate?: boolean;
}

/** A message as it is stored. */
interface Stored {
  readonly message: EngineMessage;
  readonly subject: string;
  readonly size: number;
}

/**
 * JetStream: one stream for all topics. A message's offset is its sequence in the stream, and the stream republishes each with the
 * sequence of the one before it in its topic.
 */
export class JetStreamEngine extends NatsEngine {
  readonly #options: JetStreamOptions;
  readonly #stream: string;
  /** Changes when the stream was made anew. */
  #epoch: string;
  /** What the stream was like when it was asked last. */
  #seen: Answer;
  /** The newest sequence that this node knows of. */
  #most: number;
  /** Since when the stream is behind that; undefined: it is not. */
  #behindAt: number | undefined;
  #preparedAt: number;
  /** Several servers have copies, of which only the leader’s is sure to have all that was acknowledged. */
  #isReplicated: boolean;

  constructor(connection: NatsConnection, prefix: string, options: JetStreamOptions) {
    super(connection, prefix);
    this.#options = options;
    this.#stream = `${prefix.replace(/[^\w-]/g, '_')}_topics`;
    this.#epoch = '';
    this.#seen = {};
    this.#most = 0;
    this.#behindAt = undefined;
    this.#preparedAt = 0;
    this.#isReplicated = options.replicas > 1;
  }

  override async publish(
    topic: string,
    data: TopicData,
    { stamp, key, compress }: EnginePublishOptions,
  ): Promise<EngineReceipt> {
    // Two topics may use one key; and what stands in a header must have no line breaks, nor leave ASCII.
    const id =
      key === undefined
        ? {}
        : { headers: headersOf({ 'Nats-Msg-Id': `${encodeSubject(topic)} ${encodeURIComponent(key)}` }) };
    const subject = `${this.prefix}.in.${encodeSubject(topic)}`;
    const payload = encodeMessage(data, stamp, compress);
    const { seq, duplicate } = await this.theLink.call(() => this.#ask(subject, payload, id));
    if (seq === undefined) throw new TypeError('the engine’s answer makes no sense');
    const receipt = { epoch: this.#epoch, offset: seq, stamp, previous: undefined };
    if (duplicate !== true) return receipt;
    const first = await this.theLink.call(() => this.#get(topic, { seq }));
    return { ...receipt, stamp: first?.message.stamp ?? '', repeated: true };
  }

  async heads(topics: readonly string[]): Promise<Place[]> {
    return this.theLink.call(() => Promise.all(topics.map((topic) => this.#head(topic))));
  }

  history(topic: string, since: Place | undefined, limit: number): Promise<Page> {
    return this.theLink.call(async () => {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const position = await this.#head(topic);
        const page = await this.#read(topic, since, limit, position);
        // It is read message by message: what may have been trimmed meanwhile is looked at last.
        const hole = since === undefined ? undefined : await this.#holeAfter(topic, since, position);
        const isAnchored = since !== undefined && hole === undefined;
        if (isAnchored || (await this.#isKept(topic, page.messages[0]))) return { ...page, hole, position };
      }
      throw new TopicsError('down', 'history is trimmed faster than it can be read');
    });
  }

  /** What follows a place, up to what was the newest message when this began. */
  async #read(
    topic: string,
    since: Place | undefined,
    limit: number,
    head: Place,
  ): Promise<{ messages: EngineMessage[]; more: boolean }> {
    let previous = since === undefined || since.epoch !== this.#epoch ? 0 : since.offset;
    const messages: EngineMessage[] = [];
    for (let bytes = 0; messages.length < Math.min(limit, MOST_OF_A_PAGE) && bytes < PAGE_BYTES;) {
      if (previous >= head.offset) break;
      const next = await this.#get(topic, { seq: previous + 1, next_by_subj: this.#inSubject(topic) });
      if (next === undefined) break;
      messages.push({ ...next.message, previous });
      previous = next.message.offset;
      bytes += next.size;
    }
    return { messages, more: messages.length > 0 && previous < head.offset };
  }

  /** Whether a message is there still, and with it all that followed: the oldest of a topic go first. */
  async #isKept(topic: string, message: EngineMessage | undefined): Promise<boolean> {
    return message === undefined || (await this.#get(topic, { seq: message.offset })) !== undefined;
  }

  protected override async prepare(): Promise<void> {
    const { history, ttl, replicas, storage } = this.#options;
    const config = {
      name: this.#stream,
      // The same of all nodes: several may make it at once.
      description: 'sansocket topics',
      subjects: [`${this.prefix}.in.*`],
      retention: 'limits',
      discard: 'old',
      storage,
      num_replicas: replicas,
      max_msgs_per_subject: history,
      max_age: ttl * NANOSECONDS,
      duplicate_window: Math.min(120_000, ttl) * NANOSECONDS,
      allow_direct: true,
      republish: { src: `${this.prefix}.in.*`, dest: `${this.prefix}.out.{{wildcard(1)}}` },
    };
    // A stream that a cluster is about to make, or to choose a leader for, answers nothing.
    for (let tries = 1; ; tries++) {
      try {
        return await this.#find(config);
      } catch (error) {
        if (tries === MOST_TRIES) throw error;
      }
    }
  }

  async #find(config: object): Promise<void> {
    const found = await this.#found(config);
    if (found.config === undefined) {
      throw new EngineDownError(`JetStream has no stream for topics: ${found.error?.description ?? 'no answer'}`);
    }
    this.#isReplicated = (found.config.num_replicas ?? 1) > 1;
    const epoch = await this.#agree(found);
    this.#waitFor(epoch, found.state?.last_seq ?? 0);
    this.#epoch = epoch;
    this.#seen = found;
    this.#preparedAt = this.context!.clock.now();
  }

  /** Throws while the stream may yet come to what it had. */
  #waitFor(epoch: string, last: number): void {
    const now = this.context!.clock.now();
    if (epoch === this.#epoch && last < this.#most) {
      this.#behindAt ??= now;
      if (now - this.#behindAt < CATCHING_UP) throw new EngineDownError('JetStream is behind what it had');
    }
    this.#behindAt = undefined;
    this.#most = last;
  }

  /**
   * The epoch, which every node finds the same: the first who says one in the stream has said it, and all write that into the stream's
   * description, where it outlives the message.
   */
  async #agree({ config, state }: Answer): Promise<string> {
    const { description = '' } = config!;
    const written = EPOCH_WRITTEN.exec(description)?.[1];
    // It is the first message there ever is: a stream that could have it, and has not, has lost what it had.
    if (written !== undefined && (state?.first_seq ?? 0) > 1) return written;
    const subject = `${this.prefix}.in.${EPOCH}`;
    const read = (): Promise<Stored | undefined> => this.#get('', { last_by_subj: subject }, SHORT_TIMEOUT);
    let said = await read();
    if (said === undefined) {
      const headers = headersOf({ 'Nats-Expected-Last-Subject-Sequence': '0' });
      const drawn = this.#draw();
      const options = { headers, timeout: SHORT_TIMEOUT };
      // Another may have been faster, whose is read then: a refusal is told where nobody has said any.
      const refused = await this.#ask(subject, encodeMessage('', drawn, false), options).then(
        () => undefined,
        (error: unknown) => error,
      );
      said = await read();
      if (said === undefined && refused !== undefined) throw refused;
    }
    const epoch = said?.message.stamp;
    if (epoch === undefined) throw new EngineDownError('JetStream does not keep the epoch');
    if (epoch === written) return epoch;
    const renewed = { ...config, description: `${description.replace(EPOCH_WRITTEN, '')}, epoch ${epoch}` };
    const { error } = await this.#api(`$JS.API.STREAM.UPDATE.${this.#stream}`, renewed);
    if (error !== undefined) throw new EngineDownError(`JetStream does not keep the epoch: ${error.description}`);
    return epoch;
  }

  /** Another leader, or a stream made anew: what was republished last may have come to nobody, or is none of the stream's. */
  protected override async isReadyStill(): Promise<boolean> {
    const { cluster, state, config, error } = await this.#info();
    if (state === undefined) throw new EngineDownError(`JetStream: ${error?.description}`);
    const before = this.#seen;
    this.#seen = { cluster, state, config };
    this.#most = Math.max(this.#most, state.last_seq);
    const epoch = EPOCH_WRITTEN.exec(config?.description ?? '')?.[1];
    if (epoch !== this.#epoch || cluster?.leader !== before.cluster?.leader) return false;
    return state.last_seq >= (before.state?.last_seq ?? 0);
  }

  /** The stream, made where there is none. */
  async #found(config: object): Promise<Answer> {
    const info = await this.#info(SHORT_TIMEOUT);
    if (info.error === undefined) return info;
    const made = await this.#api(`$JS.API.STREAM.CREATE.${this.#stream}`, config);
    // Another node may have made it at the same time, before or after.
    const now = await this.#info();
    return now.error === undefined ? now : made;
  }

  protected override messageOf(topic: string, { data, headers }: NatsMessage): EngineMessage | undefined {
    const decoded = decodeMessage(data);
    const [offset, previous] = ['Nats-Sequence', 'Nats-Last-Sequence'].map((name) => Number(headers?.get(name)));
    if (offset > this.#most && this.theLink.isUp) this.#most = offset;
    return decoded && { ...decoded, topic, epoch: this.#epoch, offset, previous };
  }

  #draw(): string {
    return Math.floor(this.context!.random() * 36 ** 8)
      .toString(36)
      .padStart(8, '0');
  }

  #inSubject(topic: string): string {
    return `${this.prefix}.in.${encodeSubject(topic)}`;
  }

  async #head(topic: string): Promise<Place> {
    const last = await this.#get(topic, { last_by_subj: this.#inSubject(topic) });
    if (last === undefined) return { epoch: this.#epoch, offset: 0, stamp: '' };
    const { offset, stamp } = last.message;
    return { epoch: this.#epoch, offset, stamp };
  }

  /** As long as the message of that place is there, all that followed it is: the oldest of a topic go first. */
  async #holeAfter(topic: string, since: Place, head: Place): Promise<Hole | undefined> {
    if (since.epoch !== this.#epoch) return 'forgotten';
    if (since.offset === 0) return head.offset === 0 || (await this.#isWhole()) ? undefined : 'trimmed';
    if (since.stamp === '') return undefined;
    const there = await this.#get(topic, { seq: since.offset });
    if (there !== undefined) {
      return there.subject === this.#inSubject(topic) && there.message.stamp === since.stamp ? undefined : 'rewritten';
    }
    const { state } = await this.#info();
    if (since.offset <= Math.max(state?.last_seq ?? 0, head.offset)) return 'trimmed';
    if (this.context!.clock.now() - this.#preparedAt >= CATCHING_UP) return 'rewritten';
    throw new TopicsError('down', 'JetStream may be behind what it had');
  }

  /** Whether nothing was ever trimmed but the epoch: else what came first of a topic may have been. */
  async #isWhole(): Promise<boolean> {
    const { state } = await this.#info();
    return state !== undefined && state.first_seq <= 2 && (state.num_deleted ?? 0) === 0;
  }

  #info(timeout = TIMEOUT): Promise<Answer> {
    return this.#api(`$JS.API.STREAM.INFO.${this.#stream}`, {}, timeout);
  }

  /** One message, as it is stored. */
  #get(topic: string, what: object, timeout = TIMEOUT): Promise<Stored | undefined> {
    return this.#isReplicated ? this.#getOfLeader(topic, what, timeout) : this.#getDirectly(topic, what, timeout);
  }

  async #getOfLeader(topic: string, what: object, timeout: number): Promise<Stored | undefined> {
    const { message, error } = await this.#api(`$JS.API.STREAM.MSG.GET.${this.#stream}`, what, timeout);
    if (error?.code === NOT_FOUND) return undefined;
    if (message === undefined) throw new TopicsError('down', `JetStream answered ${error?.description}`);
    return this.#stored(topic, message.subject, message.seq, bytesOf(message.data ?? ''));
  }

  /** Less work for the server, and any that has a copy answers. */
  async #getDirectly(topic: string, what: object, timeout: number): Promise<Stored | undefined> {
    const request = new TextEncoder().encode(JSON.stringify(what));
    const answer = await this.connection.request(`$JS.API.DIRECT.GET.${this.#stream}`, request, { timeout });
    const { headers, data } = answer;
    const status = headers?.code ?? NO_STATUS;
    if (status === NOT_FOUND) return undefined;
    if (headers === undefined || status >= NO_STATUS) throw new TopicsError('down', `JetStream answered ${status}`);
    return this.#stored(topic, headers.get('Nats-Subject'), Number(headers.get('Nats-Sequence')), data);
  }

  #stored(topic: string, subject: string, offset: number, data: Uint8Array): Stored | undefined {
    const decoded = decodeMessage(data);
    if (decoded === undefined) return undefined;
    const message = { ...decoded, topic, epoch: this.#epoch, offset, previous: offset - 1 };
    return { message, subject, size: data.length };
  }

  async #ask(subject: string, payload: Uint8Array, options: object): Promise<Answer> {
    const { data } = await this.connection.request(subject, payload, { timeout: TIMEOUT, ...options });
    const answer = JSON.parse(new TextDecoder().decode(data)) as Answer;
    if (answer.error !== undefined) throw new EngineDownError(`JetStream: ${answer.error.description}`);
    return answer;
  }

  async #api(subject: string, body: object, timeout = TIMEOUT): Promise<Answer> {
    const payload = new TextEncoder().encode(JSON.stringify(body));
    const { data } = await this.connection.request(subject, payload, { timeout });
    return JSON.parse(new TextDecoder().decode(data)) as Answer;
  }
}

interface WithBuffer {
  Buffer: { from(text: string, encoding: 'base64'): Uint8Array };
}

function bytesOf(base64: string): Uint8Array {
  return (globalThis as unknown as WithBuffer).Buffer.from(base64, 'base64');
}
