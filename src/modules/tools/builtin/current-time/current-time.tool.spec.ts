import { aToolContext } from '../../../../../test/support/a-tool-context.js';
import { currentTimeTool } from './current-time.tool.js';

const tool = currentTimeTool({ now: () => new Date('2026-11-24T09:00:00Z'), monotonicMs: () => 0 });
const context = aToolContext();

describe('current_time', () => {
  it.each([
    ['Asia/Tokyo', '2026-11-24T18:00:00+09:00'],
    ['Asia/Kathmandu', '2026-11-24T14:45:00+05:45'],
    ['America/New_York', '2026-11-24T04:00:00-05:00'],
    ['UTC', '2026-11-24T09:00:00+00:00'],
  ])('tells the time in %s with its offset', async (timezone, iso) => {
    expect(await tool.execute({ timezone }, context)).toEqual({ iso, timezone });
    expect(new Date(iso).toISOString()).toBe('2026-11-24T09:00:00.000Z');
  });

  it('says UTC when nobody names a zone', async () => {
    expect(await tool.execute({}, context)).toMatchObject({ timezone: 'UTC' });
  });

  it('tells the model what a time zone is when it names none', async () => {
    await expect(tool.execute({ timezone: 'Atlantis' }, context)).rejects.toMatchObject({
      code: 'unknown_timezone',
    });
  });
});
