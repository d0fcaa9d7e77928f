import { readFile } from 'node:fs/promises';
import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../shared/access/public.decorator.js';

const ASSETS = new URL('./assets/', import.meta.url);

/** Three fixed files and no others: there is no path to traverse. */
@ApiExcludeController()
@Public()
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): Promise<StreamableFile> {
    return asset('index.html');
  }

  @Get('page/chat.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): Promise<StreamableFile> {
    return asset('chat.js');
  }

  @Get('page/chat.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): Promise<StreamableFile> {
    return asset('chat.css');
  }
}

async function asset(name: string): Promise<StreamableFile> {
  return new StreamableFile(await readFile(new URL(name, ASSETS)));
}
