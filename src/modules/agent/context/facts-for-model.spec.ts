import type { RememberedFact } from '../../conversation/index.js';
import { aModel } from '../../../../test/support/a-model.js';
import { messageTokens } from './count-messages.js';
import { factsForModel } from './facts-for-model.js';

const MODEL = aModel({ provider: 'openai', vendorModel: 'gpt-4o' }, {});
const AT = new Date('2026-11-30T09:00:00Z');
const aFact = (text: string, isTainted = false): RememberedFact => ({
  id: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1',
  text,
  origin: 'tool',
  isTainted,
  createdAt: AT,
  updatedAt: AT,
});

describe(factsForModel, () => {
  it('tells each with its id, and of which nobody knows who said it', () => {
    expect(factsForModel([aFact('mine'), aFact('whose?', true)], MODEL)).toEqual([
      { fact_id: aFact('').id, fact: 'mine' },
      { fact_id: aFact('').id, fact: 'whose?', is_unverified: true },
    ]);
  });

  it('tells the newest of more than have a place', () => {
    const facts = Array.from({ length: 100 }, (_, index) =>
      aFact(`${index} ${'tea and coffee '.repeat(20)}`),
    );
    const told = factsForModel(facts, MODEL);
    expect(told.length).toBeGreaterThan(5);
    expect(told.length).toBeLessThan(100);
    expect(told.map(({ fact }) => fact)).toEqual(facts.slice(0, told.length).map(({ text }) => text));
    const parts = [{ type: 'text' as const, text: JSON.stringify(told) }];
    expect(messageTokens({ role: 'user', parts }, MODEL)).toBeLessThanOrEqual(2_000);
  });
});
