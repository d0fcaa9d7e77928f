import { readFileSync } from 'node:fs';
import { ENV_NAMES, envSchema } from './env.schema.js';

const EXAMPLE = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

/** Settings as documented: `NAME=value`, or `# NAME=…` for those without a default. */
function documented(): Map<string, { value: string; isActive: boolean }> {
  const settings = new Map<string, { value: string; isActive: boolean }>();
  for (const line of EXAMPLE.split('\n')) {
    const match = /^(# )?([A-Z][A-Z0-9_]+)=(.*)$/.exec(line);
    if (match) settings.set(match[2]!, { value: match[3]!, isActive: match[1] === undefined });
  }
  return settings;
}

describe('.env.example', () => {
  it('documents exactly the settings that there are', () => {
    expect([...documented().keys()].sort()).toEqual([...ENV_NAMES].sort());
  });

  it('shows the defaults that hold when nothing is set', () => {
    const active = [...documented()].filter(([, { isActive, value }]) => isActive && value !== '');
    const fromExample = envSchema.parse(Object.fromEntries(active.map(([name, { value }]) => [name, value])));
    expect(fromExample).toEqual(envSchema.parse({}));
  });

  it('leaves nothing commented out that has a default in the schema', () => {
    const defaults = envSchema.parse({}) as Record<string, unknown>;
    const commented = [...documented()].filter(([, { isActive }]) => !isActive).map(([name]) => name);
    expect(commented.filter((name) => defaults[name] !== undefined)).toEqual([]);
  });
});
