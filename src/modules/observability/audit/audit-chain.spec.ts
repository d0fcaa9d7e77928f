import { BEFORE_THE_FIRST, ChainCheck, type ChainedEntry, hashOf, type SealedEntry } from './audit-chain.js';

const entry = (seq: number, after: object = {}): ChainedEntry => ({
  seq,
  id: `entry-${seq}`,
  actor_id: 'somebody',
  actor_kind: 'user',
  action: 'user.update',
  target_type: 'user',
  target_id: 'somebody else',
  outcome: 'ok',
  before: {},
  after,
  from: { network: '203.0.113.0/24', address_hash: 'x' },
  request_id: null,
  created_at: '2026-11-30T12:00:00.000Z',
});

function chain(length: number): SealedEntry[] {
  const entries: SealedEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const hash = hashOf(entries.at(-1)?.hash ?? BEFORE_THE_FIRST.hash, entry(seq));
    entries.push({ ...entry(seq), hash });
  }
  return entries;
}

function check(entries: readonly SealedEntry[], head = chain(4).at(-1)!): number | null {
  const following = new ChainCheck();
  for (const one of entries) following.add(one);
  following.end(head);
  return following.firstBrokenSeq;
}

describe(ChainCheck.name, () => {
  it('agrees with a chain that nobody has touched, and with an empty one', () => {
    expect(check(chain(4))).toBeNull();
    expect(new ChainCheck().firstBrokenSeq).toBeNull();
  });

  it('goes on from a link that was checked before', () => {
    const [, second, third, fourth] = chain(4);
    const following = new ChainCheck(second);
    following.add(third!);
    following.add(fourth!);
    following.end(fourth!);
    expect([following.checked, following.firstBrokenSeq]).toEqual([2, null]);
  });

  it.each(Object.keys(entry(1)) as (keyof ChainedEntry)[])('finds a changed %s', (member) => {
    const changed = chain(4);
    changed[1] = { ...changed[1]!, [member]: member === 'seq' ? 5 : 'changed' };
    expect(check(changed)).toBe(2);
  });

  it('finds a member more, a member less, and one in another place', () => {
    const [first, second, third, fourth] = chain(4);
    const { request_id: _, ...less } = third!;
    expect(check([first!, second!, { ...third!, note: 'x' } as SealedEntry, fourth!])).toBe(3);
    expect(check([first!, second!, less as SealedEntry, fourth!])).toBe(3);
    expect(check([first!, third!, second!, fourth!])).toBe(2);
  });

  it('takes members in whatever order they come', () => {
    const turned = chain(4).map((one) => Object.fromEntries(Object.entries(one).reverse()));
    expect(check(turned as unknown as SealedEntry[])).toBeNull();
  });

  it('finds the place where an entry was removed, at the end too', () => {
    expect(check(chain(4).filter(({ seq }) => seq !== 1))).toBe(1);
    expect(check(chain(4).filter(({ seq }) => seq !== 3))).toBe(3);
    expect(check(chain(4).slice(0, 2))).toBe(3);
    expect(check([])).toBe(1);
  });

  it('finds an entry that was made anew with a hash that fits: the next one does not', () => {
    const forged = chain(4);
    const other = entry(2, { tier: 'pro' });
    forged[1] = { ...other, hash: hashOf(forged[0]!.hash, other) };
    expect(check(forged)).toBe(3);
  });

  it('finds entries behind the end that was written down', () => {
    expect(check(chain(4), chain(2).at(-1))).toBe(2);
    expect(check(chain(4), { ...entry(4), hash: 'another' })).toBe(4);
  });
});
