import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Permission } from '../context/principal.js';
import { AnyCaller } from './any-caller.decorator.js';

export const REQUIRED_PERMISSION = 'perch:permission';

/** The same decorator that enforces a permission shows it in the OpenAPI document (`x-required-permission`). */
export const RequirePermission = (permission: Permission): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(REQUIRED_PERMISSION, permission),
    AnyCaller(),
    ApiExtension('x-required-permission', permission),
  );
