import { ManualTime } from '../../../test/support/providers/manual-time.js';
import { type BreakerPermit, type BreakerState, CircuitBreaker } from './circuit-breaker.js';

describe(CircuitBreaker.name, () => {
  let time: ManualTime;
  let states: BreakerState[];
  let breaker: CircuitBreaker;

  beforeEach(() => {
    time = new ManualTime();
    states = [];
    breaker = new CircuitBreaker({
      clock: time,
      openMs: 5_000,
      onStateChange: (state) => states.push(state),
    });
  });

  function permit(): BreakerPermit {
    const answer = breaker.acquire();
    if (!answer.permit) throw new Error('refused');
    return answer.permit;
  }

  function fail(times: number): void {
    for (let count = 0; count < times; count++) permit().failed();
  }

  it('opens after five failures in a row, and a success in between starts the count again', () => {
    fail(4);
    permit().succeeded();
    fail(4);
    expect(breaker.state).toBe('closed');

    fail(1);
    expect(states).toEqual(['open']);
  });

  it('opens when half of at least ten calls within ten seconds failed', async () => {
    for (let count = 0; count < 4; count++) {
      permit().failed();
      permit().succeeded();
    }
    permit().failed();
    expect(breaker.state).toBe('closed');
    permit().succeeded();
    permit().failed();
    expect(breaker.state).toBe('open');
    await time.advance(0);
  });

  it('forgets failures that are older than the window', async () => {
    for (let count = 0; count < 4; count++) {
      permit().failed();
      permit().succeeded();
    }
    await time.advance(10_000);
    permit().succeeded();
    permit().failed();
    permit().failed();

    expect(breaker.state).toBe('closed');
  });

  it('lets nobody through while open, and says how long that will last', async () => {
    fail(5);
    await time.advance(2_000);

    expect(breaker.acquire()).toEqual({ retryAfterMs: 3_000 });
  });

  it('sends one probe after the open time and closes when it succeeds', async () => {
    fail(5);
    await time.advance(5_000);
    const probe = breaker.acquire();

    expect(probe).toMatchObject({ isProbe: true });
    expect(breaker.acquire().permit).toBeUndefined();
    probe.permit?.succeeded();
    expect(breaker.acquire()).toMatchObject({ isProbe: false });
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again for the whole time when the probe fails', async () => {
    fail(5);
    await time.advance(5_000);
    permit().failed();

    expect(breaker.acquire()).toEqual({ retryAfterMs: 5_000 });
  });

  it('lets another caller probe when the prober leaves', async () => {
    fail(5);
    await time.advance(5_000);
    permit().released();

    expect(breaker.acquire()).toMatchObject({ isProbe: true });
    // And again only one.
    expect(breaker.acquire().permit).toBeUndefined();
  });

  it('does not listen to calls that began before its state changed', async () => {
    const early = permit();
    const late = permit();
    fail(5);
    await time.advance(5_000);
    const probe = permit();
    early.failed();
    late.succeeded();
    expect(breaker.state).toBe('half-open');

    probe.succeeded();
    expect(breaker.state).toBe('closed');
  });

  it('takes the first verdict on a call only', () => {
    const call = permit();
    call.succeeded();
    for (let count = 0; count < 9; count++) call.failed();

    expect(breaker.state).toBe('closed');
  });

  it('calls back once when it opens', async () => {
    let calls = 0;
    breaker.onceOpen(() => calls++);
    const forget = breaker.onceOpen(() => (calls += 100));
    forget();
    fail(5);
    await time.advance(5_000);
    permit().failed();

    expect(calls).toBe(1);
  });
});
