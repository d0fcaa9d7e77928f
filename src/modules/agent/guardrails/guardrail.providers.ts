import type { Provider } from '@nestjs/common';
import { GuardrailConfig } from '../../../config/app-config.js';
import { OutboundClient } from '../../tools/index.js';
import { GUARDRAIL_JUDGE, type GuardrailJudge } from './guardrail-judge.js';
import { GUARDRAIL_METRIC_PROVIDERS, GuardrailMetrics } from './guardrail-metrics.js';
import { GuardrailService } from './guardrail.service.js';
import { GUARDRAIL_MODEL, loadModel } from './model/load-model.js';
import { ModerationJudge } from './moderation-judge.js';
import { ToolTextGuard } from './tool-text-guard.js';
import { PromptGuard } from './prompt-guard.js';

export const GUARDRAIL_PROVIDERS: Provider[] = [
  ...GUARDRAIL_METRIC_PROVIDERS,
  GuardrailMetrics,
  GuardrailService,
  PromptGuard,
  ToolTextGuard,
  { provide: GUARDRAIL_MODEL, useFactory: loadModel },
  {
    provide: GUARDRAIL_JUDGE,
    inject: [GuardrailConfig, OutboundClient],
    useFactory: ({ judge }: GuardrailConfig, outbound: OutboundClient): GuardrailJudge | undefined =>
      judge && new ModerationJudge(judge, outbound),
  },
];
