import type { AppConfig } from './config/app-config.js';
import type { DemoAccountService } from './modules/auth/index.js';

const QUESTION = 'What is 12.5% of 840, and what time is it in Tokyo?';

/** For the person who just started Perch to try it out; production and log collectors see nothing of it. */
export async function printWelcome(url: string, config: AppConfig, demo: DemoAccountService): Promise<void> {
  const credentials = demo.credentials();
  const token = await demo.accessToken();
  if (!credentials || !token) return;
  const request = `curl -N ${url}/api/v1/agent/chat/stream -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"message":"${QUESTION}"}'`;
  const model =
    config.providers.defaultProvider === 'scripted'
      ? 'The scripted model answers; it needs no key. For a real one set AI_PROVIDER, AI_API_KEY and AI_MODEL (.env.example).'
      : `The model is ${config.providers.defaultModel}.`;
  process.stdout.write(
    [
      '',
      `Perch ${config.process.version} is ready.`,
      '',
      `  Page     ${url}/`,
      ...(config.http.docsEnabled ? [`  Docs     ${url}/docs`] : []),
      `  Account  ${credentials.email}  password ${credentials.password}`,
      '',
      'Paste this to see an answer stream:',
      '',
      request,
      '',
      model,
      'Ctrl-C stops it.',
      '',
      '',
    ].join('\n'),
  );
}
