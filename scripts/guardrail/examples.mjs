// Examples with their features, weights and folds.
import { createHash } from 'node:crypto';
import './typescript.mjs';
const { featuresOf } = await import('../../src/modules/agent/guardrails/detector/features.ts');
const { toComparable } = await import('../../src/modules/agent/guardrails/detector/folded-text.ts');
const { viewsOf } = await import('../../src/modules/agent/guardrails/detector/views.ts');
const { windowsOf } = await import('../../src/modules/agent/guardrails/detector/windows.ts');

export const FOLDS = 4;
/** Harmless texts weigh more: an attack that is missed is one of many layers, a false alarm is somebody's work. */
const BENIGN_WEIGHT = 1.6;
/** How much a large family weighs beside a small one: 0 as many times as it has texts, -1 the same. */
const FAMILY_POWER = -0.4;

const lettersOf = (text) => toComparable(text).replace(/[^\p{L}]/gu, '');

/** Texts that were made of one another are in one fold. */
export function keyOf(family, text) {
  return family === 'atk_promptinject' ? text.split('\n----------')[0] : lettersOf(text).slice(0, 200);
}

export function foldOf(key) {
  return parseInt(createHash('sha256').update(`f${key}`).digest('hex').slice(0, 6), 16) % FOLDS;
}

/** With the features of the text as it is seen, a set per window. Of a text with a `note` in it only the windows with the note count. */
export function prepare(examples, origin) {
  return examples.map((example) => ({
    ...example,
    fold: foldOf(keyOf(example.family, example.text)),
    windows: windowsOf(viewsOf(example.text)[0].text, origin)
      .filter((part) => !example.note || hasMostOf(part, example.note))
      .map(featuresOf),
  }));
}

const LANDMARK = 40;

function hasMostOf(part, note) {
  return part.includes(note.slice(0, LANDMARK)) || part.includes(note.slice(-LANDMARK));
}

/** What the regression learns from: a window each, weighed by its family. */
export function instancesOf(prepared) {
  const sizes = new Map();
  for (const { family } of prepared) sizes.set(family, (sizes.get(family) ?? 0) + 1);
  const instances = prepared.flatMap(({ windows, label, family }) =>
    windows.map(({ indices, values }) => ({
      indices,
      values,
      label,
      weight:
        (sizes.get(family) ** FAMILY_POWER * (label === 1 ? 1 : BENIGN_WEIGHT)) / Math.sqrt(windows.length),
    })),
  );
  const mean = instances.reduce((sum, { weight }) => sum + weight, 0) / instances.length;
  return instances.map((instance) => ({ ...instance, weight: instance.weight / mean }));
}
