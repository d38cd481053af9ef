// The WebSocket to the server, and its clock.
//
// The server's clock is estimated as NTP does it: of repeated round trips the shortest tells best,
// because it leaves the least room for an uneven way there and back. Half of it is how far off the
// clock can be.

const FIRST = 12;        // round trips at once, before anything is shown
const KEPT_MS = 60_000;  // round trips older than that are forgotten: clocks drift
const EVERY_MS = 2_000;

export class Link {
  constructor(hear, closed) {
    const place = new URL("socket", location.href);
    place.protocol = place.protocol.replace("http", "ws");
    this.speed = 1;
    this.trips = [];
    this.socket = new WebSocket(place);
    this.socket.addEventListener("message", (message) => this.#take(JSON.parse(message.data), hear));
    this.socket.addEventListener("close", (event) => { clearInterval(this.timer); closed(event); });
    this.socket.addEventListener("open", () => {
      this.#ping(FIRST);
      this.timer = setInterval(() => this.#ping(1), EVERY_MS);
    });
  }

  say(said) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(said));
  }

  // The server's time at a time of performance.now(), seconds.
  at(page) {
    const best = this.best();
    return best.server + this.speed * (page - best.middle) / 1000;
  }

  // The shortest round trip that is remembered.
  best() {
    return this.trips.reduce((a, b) => (b.trip < a.trip ? b : a));
  }

  get synchronised() { return this.trips.length > 0; }

  #ping(more) {
    this.more = more;
    this.say({ do: "ping", page: performance.now() });
  }

  #take(told, hear) {
    const now = performance.now();
    if (told.event !== "pong") return hear(told);
    const trip = now - told.page;
    this.trips = this.trips.filter((one) => now - one.middle < KEPT_MS);
    this.trips.push({ trip, middle: told.page + trip / 2, server: told.server });
    if (--this.more > 0) this.#ping(this.more);
  }
}
