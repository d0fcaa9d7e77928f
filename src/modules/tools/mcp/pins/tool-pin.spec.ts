import type { SeenDefinition } from '../definitions/mcp-definition.js';
import { offeredHashes, pinChanges, type PinState, type PinStatus } from './tool-pin.js';

const NOW = new Date('2026-11-25T12:00:00Z');
const TRUST = { onFirstUse: true, changes: false };

const seen = (name: string, hash: string): SeenDefinition => ({
  hash,
  definition: { name, description: '', inputSchema: { type: 'object' }, annotations: {} },
});
const pin = (tool: string, hash: string, status: PinStatus, more: Partial<PinState> = {}): PinState => ({
  id: `${tool}-${hash}`,
  server: 's',
  tool,
  hash,
  status,
  isListed: true,
  lastSeenAt: NOW,
  ...more,
});

describe(pinChanges.name, () => {
  const inserted = (...given: Parameters<typeof pinChanges>) =>
    pinChanges(...given).inserted.map(({ definition, hash, status }) => [definition.name, hash, status]);

  it('approves what it never saw, where the operator trusts the first sight', () => {
    expect(inserted([], [seen('a', '1')], TRUST, NOW)).toEqual([['a', '1', 'approved']]);
    expect(inserted([], [seen('a', '1')], { onFirstUse: false, changes: false }, NOW)).toEqual([
      ['a', '1', 'pending'],
    ]);
  });

  it.each(['approved', 'pending', 'rejected', 'superseded'] as const)(
    'lets what changed wait when the one before was %s',
    (status) => {
      expect(inserted([pin('a', '1', status)], [seen('a', '2')], TRUST, NOW)).toEqual([
        ['a', '2', 'pending'],
      ]);
    },
  );

  it('takes over what changed on the operator’s own server, but not what an administrator refused', () => {
    const trust = { onFirstUse: true, changes: true };
    expect(pinChanges([pin('a', '1', 'approved')], [seen('a', '2')], trust, NOW)).toMatchObject({
      inserted: [{ hash: '2', status: 'approved' }],
      updated: [{ id: 'a-1', status: 'superseded', isListed: false }],
    });
    const refused = [pin('a', '1', 'approved', { isListed: false }), pin('a', '2', 'rejected')];
    expect(pinChanges(refused, [seen('a', '2')], trust, NOW)).toEqual({ inserted: [], updated: [] });
  });

  it('changes nothing when nothing changed', () => {
    const pins = [pin('a', '1', 'approved'), pin('b', '1', 'pending')];
    expect(pinChanges(pins, [seen('a', '1'), seen('b', '1')], TRUST, NOW)).toEqual({
      inserted: [],
      updated: [],
    });
  });

  it('notes what is not listed any more, and what is again', () => {
    const pins = [pin('a', '1', 'approved'), pin('b', '1', 'approved', { isListed: false })];
    expect(pinChanges(pins, [seen('b', '1')], TRUST, NOW).updated).toEqual([
      { id: 'b-1', status: 'approved', isListed: true },
      { id: 'a-1', status: 'approved', isListed: false },
    ]);
  });

  it('lets five definitions of a tool wait and no more', () => {
    const pins = Array.from({ length: 5 }, (_, i) => pin('a', `${i}`, 'pending'));
    expect(inserted(pins.slice(1), [seen('a', 'x')], TRUST, NOW)).toEqual([['a', 'x', 'pending']]);
    expect(inserted(pins, [seen('a', 'x')], TRUST, NOW)).toEqual([]);
  });

  it('keeps no more definitions of a server than it can make up', () => {
    const pins = Array.from({ length: 1_999 }, (_, i) => pin(`t${i}`, '1', 'approved', { isListed: false }));
    expect(inserted(pins, [seen('a', '1'), seen('b', '1')], TRUST, NOW)).toEqual([['a', '1', 'approved']]);
  });
});

describe(offeredHashes.name, () => {
  it('offers what is approved, unless another definition of the tool waits', () => {
    const pins = [
      pin('a', '1', 'approved'),
      pin('b', '1', 'approved'),
      pin('b', '2', 'pending'),
      pin('c', '1', 'rejected'),
      pin('d', '1', 'superseded'),
      pin('d', '2', 'approved'),
    ];
    expect(Object.fromEntries(offeredHashes(pins))).toEqual({ a: '1', d: '2' });
  });
});
