import { ManualTime } from '../../../../test/support/providers/manual-time.js';
import { Watchdog } from './watchdog.js';

describe(Watchdog.name, () => {
  let time: ManualTime;
  let timeouts: number[];
  let watchdog: Watchdog;

  beforeEach(() => {
    time = new ManualTime();
    timeouts = [];
    watchdog = new Watchdog({
      clock: time,
      timers: time,
      firstPartMs: 100,
      stallMs: 50,
      totalMs: 1_000,
      onTimeout: () => timeouts.push(time.monotonicMs()),
    });
  });

  it('waits for the first part as long as it may', async () => {
    await time.advance(500);

    expect(timeouts).toEqual([100]);
    expect(time.pending).toBe(0);
  });

  it('gives a slow thinker that shows signs of life more time, a silence at a time', async () => {
    await time.advance(99);
    watchdog.touch();
    await time.advance(40);
    watchdog.touch();
    await time.advance(500);

    expect(timeouts).toEqual([189]);
    expect(time.pending).toBe(0);
  });

  it('counts silence from the last byte once the first part is there', async () => {
    await time.advance(90);
    watchdog.firstPart();
    await time.advance(40);
    watchdog.touch();
    await time.advance(49);
    expect(timeouts).toEqual([]);
    await time.advance(1);

    expect(timeouts).toEqual([180]);
    expect(time.pending).toBe(0);
  });

  it('counts no silence while the reader is busy, and starts anew afterwards', async () => {
    watchdog.firstPart();
    watchdog.waits(false);
    await time.advance(510);
    expect(timeouts).toEqual([]);
    watchdog.waits(true);
    await time.advance(49);
    expect(timeouts).toEqual([]);
    await time.advance(1);

    expect(timeouts).toEqual([560]);
  });

  it('ends everything at the total deadline, a busy reader included', async () => {
    watchdog.firstPart();
    watchdog.waits(false);
    await time.advance(5_000);

    expect(timeouts).toEqual([1_000]);
    expect(time.pending).toBe(0);
  });

  it('sets no timer per part, however many arrive', () => {
    watchdog.firstPart();
    const timers = time.pending;
    for (let count = 0; count < 1_000; count++) {
      watchdog.firstPart();
      watchdog.touch();
    }

    expect(time.pending).toBe(timers);
  });

  it('is silent and without timers once stopped', async () => {
    watchdog.stop();
    watchdog.firstPart();
    expect(time.pending).toBe(0);
    await time.advance(5_000);

    expect(timeouts).toEqual([]);
  });
});
