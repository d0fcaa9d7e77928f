import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../shared/context/principal.js';
import { permissionsOf } from './role-permissions.js';

describe(permissionsOf.name, () => {
  it('gives a user what the agent needs and an administrator everything', () => {
    expect([...permissionsOf(['user'], [])]).toEqual([
      'agent:run',
      'conversations:manage',
      'models:read',
      'tools:use',
    ]);
    expect([...permissionsOf(['admin'], [])].sort()).toEqual([...PERMISSIONS].sort());
  });

  it("adds the account's own permissions to those of its roles", () => {
    expect(permissionsOf(['user'], ['prompts:write'])).toContain('prompts:write');
    expect([...permissionsOf([], ['models:read'])]).toEqual(['models:read']);
  });

  it('grants nothing for words that it does not know, inherited names included', () => {
    expect(permissionsOf(['root', 'constructor', '__proto__'], ['everything', 'toString']).size).toBe(0);
  });
});
