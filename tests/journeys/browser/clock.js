{
  // Timers of a minute or more go by this clock. Shorter ones are none that a journey waits for.
  const LONG = 60_000;
  const [now, start, stop] = [Date.now, setTimeout, clearTimeout];
  const timers = new Map();
  let [ahead, last] = [0, 0];
  Date.now = () => now() + ahead;
  globalThis.setTimeout = (work, wait = 0, ...rest) => {
    if (wait < LONG) return start(work, wait, ...rest);
    timers.set(--last, { due: Date.now() + wait, work: () => work(...rest) });
    return last;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer) || stop(timer);
  globalThis.passTime = (milliseconds, awake) => {
    ahead += milliseconds;
    for (const [timer, { due, work }] of awake ? [...timers] : []) {
      if (due > Date.now()) continue;
      timers.delete(timer);
      work();
    }
  };
}
