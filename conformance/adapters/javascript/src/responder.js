import { errorText, fromResult } from './result.js';

/** How many bytes a request counts for besides its payload. */
const OVERHEAD = 256;

/**
 * A Responder runs the handler for the peer's requests, many at a time, and sends what it returns
 * as responses.
 */
export class Responder {
  /** How many bytes the accepted requests hold. */
  bytes = 0;
  #handler;
  #maxHandlers;
  #send;
  #mayStart;
  #progress;
  #inFlight = new Set(); // tags
  #waiting = []; // requests without a free handler; the first is at #first
  #first = 0;
  #running = 0;
  #discarded = false;

  /**
   * send queues a packet; mayStart reports whether another handler may begin; progress is called
   * after each answer.
   */
  constructor({ handler, maxHandlers, send, mayStart, progress }) {
    this.#handler = handler;
    this.#maxHandlers = maxHandlers;
    this.#send = send;
    this.#mayStart = mayStart;
    this.#progress = progress;
  }

  /** How many requests are accepted and not answered. */
  get inFlight() {
    return this.#inFlight.size;
  }

  /** Accepts a request, or refuses it. isShut says that the connection is shut down. */
  take(request, isShut) {
    const { channel, tag, payload } = request;
    if (isShut) this.#refuse(request, 'the connection is shut down');
    else if (channel !== 0n) this.#refuse(request, `channel ${channel} is not served`);
    else if (!this.#handler) this.#refuse(request, 'there is no handler');
    else if (this.#inFlight.has(tag)) this.#refuse(request, 'a request with this tag is in flight');
    else {
      this.#inFlight.add(tag);
      this.bytes += payload.length + OVERHEAD;
      this.#waiting.push(request);
      this.start();
    }
  }

  /** Starts handlers for requests that wait, as many as may run. */
  start() {
    while (this.#first < this.#waiting.length && this.#running < this.#maxHandlers && this.#mayStart()) {
      const request = this.#waiting[this.#first];
      this.#waiting[this.#first++] = undefined;
      if (this.#first === this.#waiting.length || this.#first === 1024) {
        this.#waiting.splice(0, this.#first);
        this.#first = 0;
      }
      this.#running++;
      this.#run(request);
    }
  }

  /** Drops the requests that wait. What handlers return from now on is not sent. */
  discard() {
    this.#discarded = true;
    this.#waiting = [];
    this.#first = this.bytes = 0;
    this.#inFlight.clear();
  }

  async #run({ tag, flags, type, payload }) {
    let response;
    try {
      const result = fromResult(await this.#handler({ type: type - 1n, flags, payload }));
      response = { tag, flags: (result.flags << 1n) | 1n, payload: result.payload };
    } catch (error) {
      response = { tag, flags: 0n, payload: errorText(error) };
    }
    this.#running--;
    if (this.#discarded) return;
    this.#inFlight.delete(tag);
    this.bytes -= payload.length + OVERHEAD;
    this.#respond(response);
    this.start();
    this.#progress();
  }

  /** Sends a response, or a failure if its flags are too large to be written. */
  #respond(response) {
    try {
      this.#send({ isRequest: false, ...response });
    } catch (error) {
      this.#send({ isRequest: false, tag: response.tag, payload: errorText(error) });
    }
  }

  #refuse({ channel, tag }, why) {
    this.#send({ isRequest: false, channel, tag, payload: Buffer.from(why) });
  }
}
