// Flashes of a character, one after another, each put on the screen by requestAnimationFrame.
//
// A flash's time is that of the frame that it is drawn in. The screen shows it one or two frames
// later, always by the same: p300 timing measures that.

const LIT = 4 / 7;     // of the interval between two flashes, as 100 of 175 ms
const EARLY_MS = 4;    // a flash that is due so soon does not wait for the next frame

export class Flashes {
  // light(code or null): what is lit from now on; shown(code, repetition, ms); done()
  constructor(light, shown, done) {
    Object.assign(this, { light, shown, done, running: 0 });
  }

  // order: [repetition][flash]; in `pause` ms from now, a flash each `interval` ms
  begin(order, pause, interval) {
    this.queue = order.flatMap((codes, k) => codes.map((code) => ({ code, repetition: k + 1 })));
    this.interval = interval;
    this.#run(performance.now() + pause);
  }

  // Stop, and keep what has not been shown.
  halt() {
    this.running += 1;
    this.light(null);
  }

  goOn(pause) {
    if (this.queue?.length) this.#run(performance.now() + pause);
  }

  #run(first) {
    const turn = ++this.running;
    let next = first, lit = false, dark = 0;
    const frame = (now) => {
      if (turn !== this.running) return;
      if (lit && now >= dark - EARLY_MS) {
        lit = false;
        this.light(null);
      }
      if (!lit && now >= next - EARLY_MS) {
        if (!this.queue.length) return this.done();
        const { code, repetition } = this.queue.shift();
        this.light(code);
        this.shown(code, repetition, now);
        lit = true;
        dark = now + LIT * this.interval;
        next = Math.max(next + this.interval, now + this.interval / 2);
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}
