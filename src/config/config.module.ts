import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  AgentConfig,
  type AppConfig,
  AuthConfig,
  DatabaseConfig,
  GuardrailConfig,
  HttpConfig,
  MailConfig,
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
      { provide: MailConfig, useValue: config.mail },
      { provide: ProvidersConfig, useValue: config.providers },
      { provide: AgentConfig, useValue: config.agent },
      { provide: OutputConfig, useValue: config.output },
      { provide: ToolsConfig, useValue: config.tools },
      { provide: GuardrailConfig, useValue: config.guardrail },
      { provide: RateLimitConfig, useValue: config.rateLimit },
    ];
    return { module: ConfigModule, providers: slices, exports: slices };
  }
}
