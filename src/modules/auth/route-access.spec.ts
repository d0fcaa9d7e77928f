import { type ExecutionContext, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { Public } from '../../shared/access/public.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { routeAccess } from './route-access.js';

class Silent {
  says(): void {}
  @Public() open(): void {}
  @RequirePermission('models:read') needs(): void {}
  @Public() @RequirePermission('admin') contradicts(): void {}
}

@Public()
class Open extends Silent {
  override says(): void {}
  @RequirePermission('admin') override needs(): void {}
}

@RequirePermission('admin')
class Guarded {
  says(): void {}
  @Public() open(): void {}
}

function accessTo(type: Type, name: string) {
  const handler = (type.prototype as Record<string, () => void>)[name]!;
  return routeAccess(new Reflector(), {
    getHandler: () => handler,
    getClass: () => type,
  } as unknown as ExecutionContext);
}

describe(routeAccess.name, () => {
  it('makes a route that says nothing private', () => {
    expect(accessTo(Silent, 'says')).toEqual({ isPublic: false });
  });

  it('takes the word of the handler', () => {
    expect(accessTo(Silent, 'open')).toEqual({ isPublic: true });
    expect(accessTo(Silent, 'needs')).toEqual({ isPublic: false, permission: 'models:read' });
  });

  it('takes the word of the class where the handler says nothing', () => {
    expect(accessTo(Open, 'says')).toEqual({ isPublic: true });
    expect(accessTo(Guarded, 'says')).toEqual({ isPublic: false, permission: 'admin' });
  });

  it('prefers the word of the handler to that of the class', () => {
    expect(accessTo(Open, 'needs')).toEqual({ isPublic: false, permission: 'admin' });
    expect(accessTo(Guarded, 'open')).toEqual({ isPublic: true });
  });

  it('prefers the permission where both are given', () => {
    expect(accessTo(Silent, 'contradicts')).toEqual({ isPublic: false, permission: 'admin' });
  });
});
