import { Module } from '@nestjs/common';
import { PageController } from './page.controller.js';

/** A page to talk to the agent in a browser: for a first look, not a product. */
@Module({ controllers: [PageController] })
export class PageModule {}
