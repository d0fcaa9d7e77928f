import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  AgentConfig,
  type AppConfig,
  AuthConfig,
  DatabaseConfig,
  HttpConfig,
  OutputConfig,
  ProcessConfig,
  ProvidersConfig,
  RateLimitConfig,
  ToolsConfig,
} from './app-config.js';

/** Hands every slice to whoever injects it by its class. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: AppConfig): DynamicModule {
    const slices = [
      { provide: ProcessConfig, useValue: config.process },
      { provide: DatabaseConfig, useValue: config.database },
      { provide: HttpConfig, useValue: config.http },
      { provide: AuthConfig, useValue: config.auth },
      { provide: ProvidersConfig, useValue: config.providers },
      { provide: AgentConfig, useValue: config.agent },
      { provide: OutputConfig, useValue: config.output },
      { provide: ToolsConfig, useValue: config.tools },
      { provide: RateLimitConfig, useValue: config.rateLimit },
    ];
    return { module: ConfigModule, providers: slices, exports: slices };
  }
}
