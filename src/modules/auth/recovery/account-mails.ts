import { Injectable } from '@nestjs/common';
import { MailConfig } from '../../../config/app-config.js';
import type { Mail } from '../mail/mail.js';

const FOOTER = 'If you did not ask for this, you can ignore this mail.';

/** The mails about an account. Plain words: they are read on any device, and nothing in them comes from a stranger. */
@Injectable()
export class AccountMails {
  constructor(private readonly config: MailConfig) {}

  passwordReset(to: string, token: string): Mail {
    const use = this.use('password-reset', token);
    return {
      kind: 'password_reset',
      to,
      subject: 'Set a new password',
      text: `Somebody asked to set a new password for the account with this address.\n\n${use.text}\n\nIt is good once, for one hour. ${FOOTER}\n`,
      secret: use.secret,
    };
  }

  emailConfirmation(to: string, token: string): Mail {
    const use = this.use('email-confirm', token);
    return {
      kind: 'email_confirmation',
      to,
      subject: 'Confirm your new address',
      text: `Somebody asked to use this address for their account from now on.\n\n${use.text}\n\nIt is good once, for one day. ${FOOTER}\n`,
      secret: use.secret,
    };
  }

  passwordChanged(to: string): Mail {
    return {
      kind: 'password_changed',
      to,
      subject: 'Your password was changed',
      text: 'The password of the account with this address was changed, and its other sessions were ended.\n\nIf that was not you, set a new password now and tell your administrator.\n',
    };
  }

  /** To the address before. */
  emailChanged(to: string): Mail {
    return {
      kind: 'email_changed',
      to,
      subject: 'Your address was changed',
      text: 'Your account has another address from now on, and this one is not used any more.\n\nIf that was not you, tell your administrator now.\n',
    };
  }

  /** A token stands behind `#`, where no server and no log on the way sees it. */
  private use(page: string, token: string): { text: string; secret: string } {
    const { linkBaseUrl } = this.config;
    if (linkBaseUrl === undefined) return { text: `Your code: ${token}`, secret: token };
    const link = `${linkBaseUrl.replace(/\/$/, '')}/${page}#token=${token}`;
    return { text: link, secret: link };
  }
}
