// How good the model is on texts that it was not trained on: by cross-validation, and with a whole family of attacks left out.
import './typescript.mjs';
import { FOLDS, foldOf, instancesOf, keyOf, prepare } from './examples.mjs';
import { trainRegression } from './regression.mjs';
import { FLAG_ODDS, REGRESSION } from './settings.mjs';
import { readSets, TOOL_SETS } from './sets.mjs';
const { detect } = await import('../../src/modules/agent/guardrails/detector/detect.ts');
const { DIMENSIONS } = await import('../../src/modules/agent/guardrails/detector/features.ts');

/** Families that share texts or templates are left out together. */
const RELATED = [
  ['atk_cyberseceval_direct', 'atk_cyberseceval_multilingual', 'atk_cyberseceval_indirect'],
  ['jb_inthewild', 'atk_giskard'],
  ['atk_promptinject', 'atk_giskard'],
  ['atk_sysprompt_extraction'],
  ['atk_latent_tooloutput'],
];

function modelOf(prepared, origin) {
  const { weights, bias } = trainRegression(instancesOf(prepared), DIMENSIONS, REGRESSION);
  return { [origin]: { weights: Float32Array.from(weights), bias: bias - FLAG_ODDS[origin] } };
}

function shareFlagged(rows, flagged) {
  return rows.filter(flagged).length / rows.length;
}

/** `{name, label, rows, inFamily, outOfFamily}` for each set of the folder; shares from 0 to 1, `outOfFamily` for attacks. */
export function evaluate(corpus, origin, folder) {
  const prepared = prepare(corpus, origin);
  const trained = new Set(corpus.map(({ family }) => family));
  const sets = readSets(folder).filter(({ name }) => TOOL_SETS.test(name) === (origin === 'tool'));
  const folds = Array.from({ length: FOLDS }, (_, fold) =>
    modelOf(
      prepared.filter((example) => example.fold !== fold),
      origin,
    ),
  );
  const isFlagged = (model, text) => detect(model, text, origin).score >= 0.5;
  const without = new Map();
  return sets.map(({ name, rows }) => {
    const label = rows[0].label;
    const inFamily = shareFlagged(rows, ({ text }) => isFlagged(folds[foldOf(keyOf(name, text))], text));
    const related = RELATED.filter((families) => families.includes(name)).flat();
    if (label === 0 || related.length === 0 || !trained.has(name)) {
      return { name, label, count: rows.length, inFamily, isTrained: trained.has(name) };
    }
    const key = related.join();
    if (!without.has(key)) {
      without.set(
        key,
        modelOf(
          prepared.filter(({ family }) => !related.includes(family)),
          origin,
        ),
      );
    }
    const outOfFamily = shareFlagged(rows, ({ text }) => isFlagged(without.get(key), text));
    return { name, label, count: rows.length, inFamily, outOfFamily, isTrained: true };
  });
}
