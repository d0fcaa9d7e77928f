/** What the mail is about: what the log calls it. */
export type MailKind = 'password_reset' | 'password_changed' | 'email_confirmation' | 'email_changed';

/** A mail to one address, as plain text. */
export interface Mail {
  readonly kind: MailKind;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The token in it, or the link that holds it: what makes the mail secret. */
  readonly secret?: string;
}

/** The way that mails take. */
export abstract class MailTransport {
  /** Resolves when the next server has taken it; throws MailRefused when it never will, anything else when it may later. */
  abstract send(mail: Mail, signal: AbortSignal): Promise<void>;
}

/** The server has said that it will not take this mail, however often it is asked. */
export class MailRefused extends Error {
  constructor(options?: ErrorOptions) {
    super('the mail server refuses this mail', options);
    this.name = 'MailRefused';
  }
}
