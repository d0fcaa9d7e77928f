// CommonJS packages that require() these ES modules find them loaded already; without it Jest reports a cycle.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
