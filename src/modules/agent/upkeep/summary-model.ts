import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig, ProvidersConfig } from '../../../config/app-config.js';
import { MODEL_CLIENT, type ModelClient, type ModelInfo } from '../../providers/index.js';
import { AgentDefinitions } from '../agent-definitions.js';

/** Which model writes what nobody asked for. */
@Injectable()
export class SummaryModel {
  constructor(
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    private readonly agents: AgentDefinitions,
    private readonly config: AgentConfig,
    private readonly providers: ProvidersConfig,
  ) {}

  /**
   * AI_SUMMARY_MODEL, else the default agent's. `undefined`: none may. The scripted one answers from rules, which sums up
   * nothing, unless it was asked for by name.
   */
  find(): ModelInfo | undefined {
    const { summaryModel } = this.config;
    const model = this.models.find(summaryModel ?? this.agents.find()!.model);
    if (!model || (model.provider === 'scripted' && summaryModel === undefined)) return undefined;
    return model.price || this.providers.allowUnpricedModels ? model : undefined;
  }
}
