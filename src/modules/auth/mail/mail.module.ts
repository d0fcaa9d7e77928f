import { Module } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { MailConfig } from '../../../config/app-config.js';
import { LogTransport } from './log.transport.js';
import { MailTransport } from './mail.js';
import { Mailer } from './mailer.js';
import { SmtpTransport } from './smtp.transport.js';

@Module({
  providers: [
    {
      provide: MailTransport,
      inject: [MailConfig, PinoLogger],
      useFactory: ({ smtpUrl, from, areTokensLogged }: MailConfig, logger: PinoLogger): MailTransport =>
        smtpUrl ? new SmtpTransport(smtpUrl.reveal(), from) : new LogTransport(logger, areTokensLogged),
    },
    Mailer,
  ],
  exports: [Mailer],
})
export class MailModule {}
