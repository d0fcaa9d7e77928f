/** Of the regressions. */
export const REGRESSION = { epochs: 10, rate: 0.3, l2: 1e-3, seed: 7 };

/** Log-odds of the regression at which a text becomes suspicious (score 0.5): chosen by cross-validation, see docs/guardrail-model.md. */
export const FLAG_ODDS = { user: 1.6, tool: 2.2 };
