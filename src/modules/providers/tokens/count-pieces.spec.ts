import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { countPieces } from './count-pieces.js';

const total = (text: string): number =>
  Object.values(countPieces(text)).reduce((sum, count) => sum + count, 0);
const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8').slice(0, 60_000);
const ratio = (text: string): number => total(text) / encode(text).length;

/** Written for this test, and not what the counts were fitted to. */
const PROSE = {
  English:
    'Your parcel left our warehouse on Tuesday and should reach you by the end of the week. If it has not arrived by then, please reply to this message with your order number, and we will either trace it or send a replacement at no charge. We are sorry for the delay and grateful for your patience.',
  German:
    'Ihr Paket hat unser Lager am Dienstag verlassen und sollte bis Ende der Woche bei Ihnen eintreffen. Falls es bis dahin nicht angekommen ist, antworten Sie bitte mit Ihrer Bestellnummer auf diese Nachricht; wir forschen dann nach oder schicken kostenlos Ersatz. Wir bitten um Entschuldigung.',
  French:
    'Votre colis a quitté notre entrepôt mardi et devrait vous parvenir avant la fin de la semaine. S’il n’est pas arrivé d’ici là, répondez à ce message en indiquant votre numéro de commande : nous lancerons une recherche ou vous enverrons un remplacement sans frais.',
  Spanish:
    'Su paquete salió de nuestro almacén el martes y debería llegar antes del final de la semana. Si para entonces no lo ha recibido, responda a este mensaje con su número de pedido y lo buscaremos o le enviaremos otro sin coste alguno. Lamentamos el retraso y le agradecemos su paciencia.',
  Portuguese:
    'A sua encomenda saiu do nosso armazém na terça-feira e deve chegar até ao fim da semana. Se até lá não a tiver recebido, responda a esta mensagem com o número do pedido e nós vamos procurá-la ou enviar outra sem custos. Pedimos desculpa pelo atraso e agradecemos a paciência.',
  Polish:
    'Twoja paczka opuściła nasz magazyn we wtorek i powinna dotrzeć do końca tygodnia. Jeśli do tego czasu nie nadejdzie, odpowiedz na tę wiadomość, podając numer zamówienia, a my ją odnajdziemy albo bezpłatnie wyślemy nową. Przepraszamy za opóźnienie i dziękujemy za cierpliwość.',
  Russian:
    'Ваша посылка покинула наш склад во вторник и должна прибыть к концу недели. Если к этому времени она не придёт, ответьте на это письмо и укажите номер заказа: мы найдём её или бесплатно отправим новую. Просим прощения за задержку и благодарим за терпение.',
  Arabic:
    'غادر طردك مستودعنا يوم الثلاثاء ومن المفترض أن يصل إليك قبل نهاية الأسبوع. إذا لم يصل حتى ذلك الحين، فيرجى الرد على هذه الرسالة مع رقم طلبك، وسنبحث عنه أو نرسل إليك بديلا مجانا. نعتذر عن التأخير ونشكرك على صبرك.',
  Chinese:
    '您的包裹已于星期二离开我们的仓库，预计本周末之前送达。如果届时仍未收到，请回复此邮件并注明您的订单号，我们会为您查找包裹，或者免费补寄一份。对于此次延误我们深表歉意，感谢您的耐心等待。',
  Japanese:
    'お客様のお荷物は火曜日に当社の倉庫を出発しており、週末までにはお届けできる見込みです。それまでに届かない場合は、注文番号を添えてこのメールにご返信ください。お荷物を調査するか、無料で代わりの品をお送りします。',
  Korean:
    '고객님의 소포는 화요일에 저희 창고에서 출발했으며 이번 주말까지 도착할 예정입니다. 그때까지 받지 못하시면 주문 번호와 함께 이 메일에 회신해 주세요. 소포를 찾아 드리거나 무료로 다시 보내 드리겠습니다. 기다려 주셔서 감사합니다.',
  Hindi:
    'आपका पार्सल मंगलवार को हमारे गोदाम से निकल गया है और सप्ताह के अंत तक आपके पास पहुँच जाना चाहिए। यदि तब तक वह नहीं पहुँचता है, तो कृपया अपने ऑर्डर नंबर के साथ इस संदेश का उत्तर दें। हम उसे खोजेंगे या बिना किसी शुल्क के दूसरा भेज देंगे।',
};

const FILES = [
  'README.md',
  'openapi.json',
  'package.json',
  'src/modules/agent/run-driver.ts',
  'src/modules/tools/tool-gate.ts',
  'scripts/openapi.mjs',
  'docs/guides/http-tools.md',
];

const DENSE = {
  base64: Buffer.from(Array.from({ length: 900 }, (_, index) => (index * 7919) % 251)).toString('base64'),
  hexadecimal: Array.from({ length: 200 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(16)).join(
    '',
  ),
  numbers: Array.from({ length: 200 }, (_, index) => String(index * 37 + 1001)).join(', '),
  identifiers: Array.from({ length: 30 }, (_, i) => `0193ab40-7c1e-7000-8000-3f2a51b0c${100 + i}`).join('\n'),
  rows: Array.from({ length: 60 }, (_, i) => `2026-03-${10 + (i % 18)},${(i * 17.37).toFixed(2)},paid`).join(
    '\n',
  ),
};

/** What regular expressions, merges and caches stumble over. */
const RUNS = ['a', 'A', 'aA', ' ', ' \n', '漢', '!', "a'", 'ก้', '😀', '\u0301', '0'];

describe(countPieces.name, () => {
  const { Hindi, ...others } = PROSE;

  it.each(Object.entries(others))('is within 10 %% of o200k for a paragraph: %s', (_language, text) => {
    expect(Math.abs(ratio(text) - 1)).toBeLessThan(0.1);
  });

  it('is within 16 % of o200k for a paragraph in Hindi', () => {
    expect(Math.abs(ratio(Hindi) - 1)).toBeLessThan(0.16);
  });

  it('is within 5 % of o200k for prose on the whole', () => {
    const text = Object.values(PROSE);
    const tokens = text.reduce((sum, paragraph) => sum + encode(paragraph).length, 0);
    const counted = text.reduce((sum, paragraph) => sum + total(paragraph), 0);

    expect(Math.abs(counted / tokens - 1)).toBeLessThan(0.05);
  });

  it.each(FILES)('is within 5 %% of o200k for code, JSON and Markdown: %s', (path) => {
    expect(Math.abs(ratio(read(path)) - 1)).toBeLessThan(0.05);
  });

  it.each(Object.entries(DENSE))('is within 10 %% of o200k for what is dense: %s', (_name, text) => {
    expect(Math.abs(ratio(text) - 1)).toBeLessThan(0.1);
  });

  it.each(RUNS)('has no more pieces than it has characters: %j, very often', (run) => {
    const text = run.repeat(20_000);

    expect(total(text)).toBeGreaterThan(0);
    expect(total(text)).toBeLessThanOrEqual(1.1 * text.length);
  });

  it('grows with the text and nothing else: a hundred paragraphs are a hundred times one', () => {
    const paragraph = `${PROSE.English}\n\n`;

    expect(total(paragraph.repeat(100)) / total(paragraph)).toBeCloseTo(100, 0);
  });

  it('is never less for a longer text, give or take a token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ maxLength: 60 }), (a, b) => {
        expect(total(a + b)).toBeGreaterThanOrEqual(total(a) - 1);
        expect(total(a + b)).toBeLessThanOrEqual(total(a) + total(b) + 1.5);
      }),
    );
  });

  it('is the same for a text that it knows already', () => {
    const text = PROSE.German.repeat(3);

    expect(countPieces(text)).toEqual(countPieces(` ${text}`.slice(1)));
  });

  it('tells apart what the tokens are of', () => {
    expect(countPieces('the order')).toMatchObject({ common: 2, rare: 0, split: 0, marks: 0 });
    expect(countPieces('SELECT')).toMatchObject({ common: 0 });
    expect(countPieces('SELECT').capitals).toBeGreaterThan(1);
    expect(countPieces('12345')).toMatchObject({ digits: 2 });
    expect(countPieces('заказ').foreign).toBeGreaterThan(0);
    expect(countPieces('\n\n')).toMatchObject({ space: 1 });
    expect(countPieces('":{"')).toMatchObject({ marks: 1 });
  });

  it('counts nothing for nothing', () => {
    expect(total('')).toBe(0);
  });
});
