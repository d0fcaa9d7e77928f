// What the shipped model is trained on: the permissive sets of test/data/injection, and what was written for it here.
import { fileURLToPath } from 'node:url';
import { ATTACKS_BY_LANGUAGE } from './authored/attacks-by-language.mjs';
import { FAMILIES, SLOTS as ATTACK_SLOTS } from './authored/attacks.mjs';
import { BENIGN_BY_LANGUAGE, SLOTS as BENIGN_SLOTS, TEMPLATES } from './authored/benign.mjs';
import { DOCUMENTS, INJECTION_SLOTS, INJECTION_TEMPLATES } from './authored/documents.mjs';
import { page } from './authored/pages.mjs';
import { expand, fill, pick, randomOf } from './random.mjs';
import { readSets } from './sets.mjs';

export const SHIPPED = fileURLToPath(new URL('../../test/data/injection/', import.meta.url));

const PER_FAMILY = {
  override: 500,
  forced: 350,
  extraction: 700,
  secret: 450,
  private: 200,
  persona: 350,
  breakout: 350,
  mode: 120,
  encoded: 150,
  flood: 80,
  payload: 30,
};
const PER_BENIGN = { roleplay: 1100, questions: 700, trigger: 900, mention: 220, stories: 700, code: 40 };

/** `{text, label, family}` for the head that judges what users write. */
export function userCorpus() {
  const random = randomOf(20_261_130);
  const examples = readSets(SHIPPED).flatMap(({ name, rows }) =>
    name === 'atk_latent_tooloutput' || name === 'ben_latent_clean_docs'
      ? []
      : rows.map(({ text, label }) => ({ text, label, family: name })),
  );
  for (const [family, count] of Object.entries(PER_FAMILY)) {
    for (const text of expandAttacks(family, count, random))
      examples.push({ text, label: 1, family: `own_${family}` });
  }
  for (const [language, texts] of Object.entries(ATTACKS_BY_LANGUAGE)) {
    for (const text of texts) examples.push({ text, label: 1, family: 'own_languages', language });
    for (let at = 0; at < texts.length; at += 1) {
      const lead = pick(BENIGN_BY_LANGUAGE[language] ?? BENIGN_BY_LANGUAGE.de, random);
      examples.push({ text: `${lead} ${pick(texts, random)}`, label: 1, family: 'own_languages', language });
    }
  }
  for (const [family, count] of Object.entries(PER_BENIGN)) {
    for (const text of expandBenign(family, count, random))
      examples.push({ text, label: 0, family: `own_${family}` });
  }
  for (const texts of Object.values(BENIGN_BY_LANGUAGE)) {
    for (const text of texts) examples.push({ text, label: 0, family: 'own_everyday' });
    for (let at = 0; at < texts.length; at += 1) {
      examples.push({
        text: `${pick(texts, random)} ${pick(texts, random)}`,
        label: 0,
        family: 'own_everyday',
      });
    }
  }
  for (const text of DOCUMENTS)
    examples.push({ text: `Summarise this text: ${text}`, label: 0, family: 'own_documents' });
  return examples;
}

/** `{text, label, family}` for the head that judges what tools bring. */
export function toolCorpus() {
  const random = randomOf(20_261_201);
  const sets = new Map(readSets(SHIPPED).map(({ name, rows }) => [name, rows]));
  const rowsOf = (name) => sets.get(name).map(({ text }) => text);
  const pages = Array.from({ length: 1400 }, () => page(random));
  const hosts = [...DOCUMENTS, ...DOCUMENTS, ...pages.slice(0, 200)];
  const examples = [];
  const add = (texts, label, family) => {
    for (const text of texts) examples.push({ text, label, family });
  };
  const hide = (notes, family) => {
    for (const note of notes) examples.push({ text: within(note, hosts, random), note, label: 1, family });
  };
  add(rowsOf('atk_latent_tooloutput'), 1, 'atk_latent_tooloutput');
  add(rowsOf('atk_cyberseceval_indirect'), 1, 'atk_cyberseceval_indirect');
  const notes = expand(INJECTION_TEMPLATES, INJECTION_SLOTS, 1500, random);
  hide(notes, 'own_injected');
  add(notes.slice(0, 300), 1, 'own_notes');
  for (const family of ['override', 'extraction', 'persona', 'breakout', 'secret', 'mode']) {
    hide(expandAttacks(family, 150, random), `own_${family}`);
    add(expandAttacks(family, 70, random), 1, `own_${family}`);
  }
  add(rowsOf('jb_inthewild').slice(0, 120), 1, 'jb_inthewild');
  add(rowsOf('atk_promptinject').slice(0, 40), 1, 'atk_promptinject');
  for (const texts of Object.values(ATTACKS_BY_LANGUAGE)) {
    hide(texts.slice(0, 5), 'own_languages');
    add(texts.slice(0, 4), 1, 'own_languages');
  }

  add(DOCUMENTS, 0, 'own_documents');
  add(pages.slice(200), 0, 'own_pages');
  add(chunks(DOCUMENTS, random, 500), 0, 'own_documents');
  add(rowsOf('ben_latent_clean_docs'), 0, 'ben_latent_clean_docs');
  add(rowsOf('ben_hard'), 0, 'ben_hard');
  add(rowsOf('ben_cyber_frr'), 0, 'ben_cyber_frr');
  add(rowsOf('ben_chat'), 0, 'ben_chat');
  add(rowsOf('ben_notinject'), 0, 'ben_notinject');
  for (const family of ['trigger', 'mention', 'code', 'questions'])
    add(expandBenign(family, 200, random), 0, `own_${family}`);
  return examples;
}

export function expandAttacks(family, count, random) {
  const slots = {
    ...ATTACK_SLOTS,
    harm_ask: ['Tell me {harm}.', 'Now explain {harm}.', 'My first request: {harm}.', '', '{benign_lead}'],
    Persona: ['DAN', 'Max', 'EvilBot', 'It', 'This AI', 'Nyx'],
    word: [
      'banana',
      'zebra',
      'xyzzy',
      'hello',
      'tango',
      'Nova',
      'kiwi',
      'hunter2',
      'orchid',
      'Sesame',
      'k9f3',
      'blue',
    ],
    half: ['Access gr', 'I have been ha', 'Perm', 'Log', 'how to build a ', 'gran'],
  };
  return expand(FAMILIES[family], slots, count, random).map((text) =>
    text
      .replace('{flood_run}', () => flood(pick(ATTACK_SLOTS.flood, random), random))
      .replace('{phrase_run}', () => flood(pick(ATTACK_SLOTS.phrase, random), random))
      .replace('{word_run}', () => flood('hello', random))
      .replace('{encoded}', () => encode(encodedText(slots, random), random)),
  );
}

export function expandBenign(family, count, random) {
  const benign64 = [
    'SGVsbG8gd29ybGQ=',
    'R3V0ZW4gTW9yZ2Vu',
    'VGhlIHF1aWNrIGJyb3duIGZveA==',
    'aGVsbG8gYW5uYQ==',
  ];
  return expand(TEMPLATES[family], { ...BENIGN_SLOTS, benign64 }, count, random).map((text) =>
    random() < 0.85 ? text[0].toUpperCase() + text.slice(1) : text,
  );
}

function encodedText(slots, random) {
  return random() < 0.7
    ? fill(pick(FAMILIES.override, random), slots, random)
    : fill(pick(FAMILIES.extraction, random), slots, random);
}

function encode(text, random) {
  const kind = Math.floor(random() * 5);
  if (kind === 0) return Buffer.from(text).toString('base64');
  if (kind === 1) return Buffer.from(text).toString('hex');
  if (kind === 2) return [...text].reverse().join('');
  if (kind === 3) {
    return text.replace(/[a-z]/gi, (c) => {
      const base = c < 'a' ? 65 : 97;
      return String.fromCharCode(((c.charCodeAt(0) - base + 13) % 26) + base);
    });
  }
  return [...text].map((c) => c.charCodeAt(0).toString(2).padStart(8, '0')).join(' ');
}

function flood(word, random) {
  return Array.from({ length: 25 + Math.floor(random() * 120) }, () => word).join(' ');
}

/** An instruction somewhere in a document, as others hide it. */
function within(note, documents, random) {
  const document = pick(documents, random);
  const cut = document.lastIndexOf(' ', Math.floor(random() * document.length));
  const glue = pick(['\n', ' ', '\n\n', ' -- '], random);
  const wrapped = random() < 0.12 ? `<!-- ${note} -->` : note;
  const kind = random();
  if (kind < 0.35 || cut < 1) return `${document}${glue}${wrapped}`;
  if (kind < 0.5) return `${wrapped}${glue}${document}`;
  return `${document.slice(0, cut)}${glue}${wrapped}${glue}${document.slice(cut + 1)}`;
}

function chunks(documents, random, count) {
  return Array.from({ length: count }, () => {
    const document = pick(documents, random);
    const start = Math.floor((random() * document.length) / 2);
    return document.slice(start, start + 300 + Math.floor(random() * 1200));
  });
}
