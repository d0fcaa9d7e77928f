import { PinoLogger } from 'nestjs-pino';
import { type Mail, MailTransport } from './mail.js';

/**
 * Without a mail server: the log says that there would have been a mail. Where it may, it has what the mail is for, so that
 * somebody who develops can go on.
 */
export class LogTransport extends MailTransport {
  constructor(
    private readonly logger: PinoLogger,
    private readonly areTokensLogged: boolean,
  ) {
    super();
  }

  send({ kind, secret }: Mail): Promise<void> {
    this.logger.info({
      event: 'mail.without_server',
      mail: kind,
      ...(this.areTokensLogged && secret !== undefined ? { use: secret } : {}),
    });
    return Promise.resolve();
  }
}
