/** "At the time" and "time complexity" speak of something else. */
const ASKS_TIME =
  /\b(?:what time (?:is it|it is)|(?:current|local) time|time (?:is it|now|right now)|(?:what(?:'s| is)|tell me|know|give me) the time(?=\s*$|\s*[?.!,]|\s+(?:in|at|for|now|right|here|there|please|over|and)\b))|^\W*(?:the )?time in\b/i;
const MAX_TEXT = 2_000;
const MAX_PLACE_WORDS = 4;

/** Places that no zone is named after. */
const ALIASES: Readonly<Record<string, string>> = {
  utc: 'UTC',
  gmt: 'UTC',
  'new york city': 'America/New_York',
  nyc: 'America/New_York',
  boston: 'America/New_York',
  washington: 'America/New_York',
  miami: 'America/New_York',
  'san francisco': 'America/Los_Angeles',
  seattle: 'America/Los_Angeles',
  california: 'America/Los_Angeles',
  'las vegas': 'America/Los_Angeles',
  houston: 'America/Chicago',
  dallas: 'America/Chicago',
  beijing: 'Asia/Shanghai',
  china: 'Asia/Shanghai',
  mumbai: 'Asia/Kolkata',
  delhi: 'Asia/Kolkata',
  'new delhi': 'Asia/Kolkata',
  bangalore: 'Asia/Kolkata',
  kolkata: 'Asia/Kolkata',
  india: 'Asia/Kolkata',
  japan: 'Asia/Tokyo',
  osaka: 'Asia/Tokyo',
  korea: 'Asia/Seoul',
  'south korea': 'Asia/Seoul',
  germany: 'Europe/Berlin',
  munich: 'Europe/Berlin',
  hamburg: 'Europe/Berlin',
  frankfurt: 'Europe/Berlin',
  france: 'Europe/Paris',
  spain: 'Europe/Madrid',
  barcelona: 'Europe/Madrid',
  italy: 'Europe/Rome',
  milan: 'Europe/Rome',
  switzerland: 'Europe/Zurich',
  geneva: 'Europe/Zurich',
  'the netherlands': 'Europe/Amsterdam',
  england: 'Europe/London',
  uk: 'Europe/London',
  'the uk': 'Europe/London',
  ukraine: 'Europe/Kyiv',
  kiev: 'Europe/Kyiv',
  kyiv: 'Europe/Kyiv',
  'sao paulo': 'America/Sao_Paulo',
  'são paulo': 'America/Sao_Paulo',
  'rio de janeiro': 'America/Sao_Paulo',
  brazil: 'America/Sao_Paulo',
  egypt: 'Africa/Cairo',
  'cape town': 'Africa/Johannesburg',
  'abu dhabi': 'Asia/Dubai',
  'new zealand': 'Pacific/Auckland',
  wellington: 'Pacific/Auckland',
  canberra: 'Australia/Sydney',
  kathmandu: 'Asia/Kathmandu',
  nepal: 'Asia/Kathmandu',
  'ho chi minh city': 'Asia/Ho_Chi_Minh',
  hanoi: 'Asia/Ho_Chi_Minh',
  'tel aviv': 'Asia/Jerusalem',
  israel: 'Asia/Jerusalem',
};

/** The time zone whose time a sentence asks for; UTC when it names no place that we know. `undefined`: it asks no time. */
export function timeZoneIn(text: string): string | undefined {
  if (text.length > MAX_TEXT || !ASKS_TIME.test(text)) return undefined;
  const named = /\b[A-Z][a-z]+\/[A-Za-z_]+(?:\/[A-Za-z_]+)?\b/.exec(text)?.[0];
  if (named && isTimeZone(named)) return named;
  for (const [, rest = ''] of text.matchAll(/\b(?:in|at|for)\s+([^?!,;]+)/gi)) {
    const words = rest.toLowerCase().replace(/[.'"]/g, '').split(/\s+/).slice(0, MAX_PLACE_WORDS);
    for (let count = words.length; count > 0; count--) {
      const zone = zones().get(words.slice(0, count).join(' '));
      if (zone) return zone;
    }
  }
  return 'UTC';
}

let zonesByPlace: ReadonlyMap<string, string> | undefined;

/** Made on first use: the list has several hundred names. */
function zones(): ReadonlyMap<string, string> {
  zonesByPlace ??= new Map([
    ...Intl.supportedValuesOf('timeZone').map((zone) => [placeOf(zone), zone] as const),
    ...Object.entries(ALIASES),
  ]);
  return zonesByPlace;
}

function placeOf(zone: string): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ').toLowerCase();
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
