import { readFileSync } from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { boundTokens } from './token-bound.js';

const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8').slice(0, 40_000);
const count = (length: number, make: (index: number) => string, separator = ''): string =>
  Array.from({ length }, (_, index) => make(index)).join(separator);

const PROSE = {
  English:
    'The agent reads the invoice, compares each line with the order, and asks the warehouse whether the parts have arrived. ',
  German:
    'Die Rechnungsprüfung vergleicht sämtliche Positionen mit der ursprünglichen Bestellung und benachrichtigt die Geschäftsstelle. ',
  French:
    "L'assistant vérifie d'abord la facture, puis répond au client avec les montants corrigés et propose un remboursement. ",
  Russian:
    'Помощник проверяет счёт, сравнивает каждую строку с заказом и спрашивает склад, прибыли ли детали. ',
  Greek: 'Ο βοηθός ελέγχει το τιμολόγιο και ρωτά την αποθήκη αν έφτασαν τα εξαρτήματα. ',
  Chinese: '助手检查发票，将每一行与订单进行比较，并询问仓库零件是否已到货。',
  Japanese: 'アシスタントは請求書を確認し、各行を注文と比較して、部品が届いているかを倉庫に問い合わせます。',
  Korean: '도우미는 송장을 확인하고 각 줄을 주문과 비교한 다음 부품이 도착했는지 창고에 문의합니다. ',
  Arabic: 'يتحقق المساعد من الفاتورة ويقارن كل سطر بالطلب ويسأل المستودع عما إذا كانت الأجزاء قد وصلت. ',
  Hindi: 'सहायक चालान की जाँच करता है, प्रत्येक पंक्ति की तुलना आदेश से करता है और गोदाम से पूछता है। ',
};

const DENSE = {
  base64: Buffer.from(Array.from({ length: 900 }, (_, index) => (index * 7919) % 251)).toString('base64'),
  hexadecimal: count(200, (index) => ((index * 2_654_435_761) >>> 0).toString(16)),
  numbers: count(200, (index) => String(index * 37 + 1001), ', '),
  identifiers: count(20, (index) => `0193ab40-7c1e-7000-8000-3f2a51b0c${100 + index}`, '\n'),
  emoji: '😀🎉🚀👩‍💻🏳️‍🌈'.repeat(20),
  'numbered words': count(200, (index) => `word${index}`, ' '),
  'white space': '   \n\n\t\t  x '.repeat(50),
  punctuation: '!@#$%^&*()_+{}|:"<>?'.repeat(20),
  'capital letters': 'QWERTYUIOPASDFGHJKLZXCVBNM'.repeat(10),
  'mixed case': 'xX9_'.repeat(200),
};

const FILES = ['README.md', 'openapi.json', 'package-lock.json', 'src/modules/agent/run-driver.ts'];

describe(boundTokens.name, () => {
  it.each(Object.entries(PROSE))('is never below o200k for prose: %s', (_name, text) => {
    expect(boundTokens(text.repeat(5))).toBeGreaterThanOrEqual(encode(text.repeat(5)).length);
  });

  it.each(Object.entries(DENSE))('is never below o200k for what is dense: %s', (_name, text) => {
    expect(boundTokens(text)).toBeGreaterThanOrEqual(encode(text).length);
  });

  it.each(FILES)('is never below o200k, and at most 1.6 times as much, for %s', (path) => {
    const tokens = encode(read(path)).length;
    expect(boundTokens(read(path))).toBeGreaterThanOrEqual(tokens);
    expect(boundTokens(read(path))).toBeLessThanOrEqual(1.6 * tokens);
  });

  it('is at most 1.6 times as much for English', () => {
    const text = PROSE.English.repeat(20);
    expect(boundTokens(text)).toBeLessThanOrEqual(1.6 * encode(text).length);
  });

  it('counts nothing for nothing', () => {
    expect(boundTokens('')).toBe(0);
  });
});
