import { createTransport, type Transporter } from 'nodemailer';
import { type Mail, MailRefused, MailTransport } from './mail.js';

/** Of each step of the conversation with the server. */
const STEP_TIMEOUT_MS = 10_000;

/** Over the operator's mail server. One connection for each mail: there are few, and none is kept open for the next. */
export class SmtpTransport extends MailTransport {
  private readonly transporter: Transporter;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    super();
    this.transporter = createTransport(url, {
      connectionTimeout: STEP_TIMEOUT_MS,
      greetingTimeout: STEP_TIMEOUT_MS,
      socketTimeout: STEP_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    } as object);
  }

  async send({ to, subject, text }: Mail, signal: AbortSignal): Promise<void> {
    const sending = this.transporter.sendMail({
      from: this.from,
      // As an address and not as text, so that nothing in it is taken for another one.
      to: { name: '', address: to },
      subject,
      text,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    // What is given up here ends by the timeouts of its steps.
    sending.catch(() => undefined);
    try {
      await Promise.race([sending, aborted(signal)]);
    } catch (error) {
      throw isFinal(error) ? new MailRefused({ cause: error }) : error;
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** 5xx of the conversation about this mail. Wrong credentials are a fault that somebody may put right meanwhile. */
function isFinal(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown };
  return code !== 'EAUTH' && typeof responseCode === 'number' && responseCode >= 500;
}
