import type { Clock } from '../../../shared/context/clock.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import { type BreakerState, CircuitBreaker } from '../../../shared/resilience/circuit-breaker.js';
import { RetryBudget } from './retry-budget.js';

export interface ProviderGuardsOptions {
  readonly clock: Clock;
  readonly breakerOpenMs: number;
  readonly onBreakerChange: (model: ModelInfo, state: BreakerState) => void;
}

/** Keeps one breaker per connection and model, and one retry budget per connection. The catalogue bounds their number. */
export class ProviderGuards {
  readonly #breakers = new Map<string, CircuitBreaker>();
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(private readonly options: ProviderGuardsOptions) {}

  breakerOf(model: ModelInfo): CircuitBreaker {
    const key = JSON.stringify([connectionOf(model), model.vendorModel]);
    let breaker = this.#breakers.get(key);
    if (!breaker) {
      breaker = new CircuitBreaker({
        clock: this.options.clock,
        openMs: this.options.breakerOpenMs,
        onStateChange: (state) => this.options.onBreakerChange(model, state),
      });
      this.#breakers.set(key, breaker);
    }
    return breaker;
  }

  budgetOf(model: ModelInfo): RetryBudget {
    const key = connectionOf(model);
    let budget = this.#budgets.get(key);
    if (!budget) {
      budget = new RetryBudget(this.options.clock);
      this.#budgets.set(key, budget);
    }
    return budget;
  }
}

/** Gateways that share an adapter fail each for itself. */
function connectionOf({ provider, connection }: ModelInfo): string {
  return JSON.stringify([provider, connection.baseUrl]);
}
