import type { GuardedSink } from './guarded-sink.ts';
import type { Trace } from './options.ts';

/**
 * A trace as its connection tells it: it looks on. While it is told, its connection is in the middle of something and may not be
 * called (`Connection` sees to that); what it throws is kept for the end of a call, as with the sink, so that it can corrupt nothing.
 */
export class GuardedTrace {
  /** Whether it is being told something just now. */
  isTelling: boolean;
  readonly tell: Trace;

  constructor(trace: Trace, sink: GuardedSink) {
    this.isTelling = false;
    this.tell = (entry) => {
      this.isTelling = true;
      try {
        trace(entry);
      } catch (error) {
        sink.keep(error);
      } finally {
        this.isTelling = false;
      }
    };
  }
}
